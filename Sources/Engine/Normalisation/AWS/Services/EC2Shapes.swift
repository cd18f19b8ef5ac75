import Model

/// Machines, disks and images.
enum EC2Shapes {
    static let all: [AWSShape] = [
        .ec2(
            "instance", operations: ["ec2.describe-instances", "ec2.run-instances"], members: ["Instances"],
            outer: "Reservations", id: "InstanceId", whole: ["ImageId", "State"],
            zone: ["Placement", "AvailabilityZone"],
            edges: [
                AWSEdge(.inSubnet, "SubnetId"),
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.memberOf, "SecurityGroups", "GroupId"),
                AWSEdge(.createdFrom, "ImageId"),
                AWSEdge(.runsAs, "IamInstanceProfile", "Arn", to: .arn),
            ],
            omitted: [
                "ClientToken", "AmiLaunchIndex", "CapacityReservationSpecification", "HibernationOptions", "EnclaveOptions",
                "MaintenanceOptions", "UsageOperationUpdateTime", "PrivateDnsNameOptions", "NetworkPerformanceOptions",
                "Operator", "StateTransitionReason", "IamInstanceProfile",
            ]),
        .ec2(
            "volume", operations: ["ec2.describe-volumes"], members: ["Volumes"], id: "VolumeId",
            whole: ["VolumeType", "CreateTime"],
            edges: [
                AWSEdge(.attachedTo, "Attachments", "InstanceId"),
                AWSEdge(.createdFrom, "SnapshotId"),
                .kms("KmsKeyId"),
            ]),
        .ec2(
            "snapshot", operations: ["ec2.describe-snapshots"], members: ["Snapshots"], id: "SnapshotId",
            whole: ["VolumeId", "StartTime"], zone: [],
            edges: [AWSEdge(.createdFrom, "VolumeId"), .kms("KmsKeyId")]),
        .ec2(
            "image", operations: ["ec2.describe-images"], members: ["Images"], id: "ImageId",
            whole: ["ImageLocation", "State"], name: "Name", zone: [],
            edges: [
                AWSEdge(.createdFrom, "BlockDeviceMappings", "Ebs", "SnapshotId"),
                AWSEdge(.createdFrom, "SourceInstanceId"),
                AWSEdge(.createdFrom, "SourceImageId"),
            ]),
        .ec2(
            "launch-template", operations: ["ec2.describe-launch-templates"],
            members: ["LaunchTemplates", "LaunchTemplate"],
            id: "LaunchTemplateId", whole: ["LaunchTemplateName", "LatestVersionNumber"], name: "LaunchTemplateName",
            zone: []),
        .ec2(
            "key-pair", operations: ["ec2.describe-key-pairs"], members: ["KeyPairs"], id: "KeyPairId",
            whole: ["KeyName", "KeyFingerprint"], name: "KeyName", zone: []),
        .ec2(
            "dedicated-host", operations: ["ec2.describe-hosts"], members: ["Hosts"], id: "HostId",
            whole: ["HostProperties"], omitted: ["Instances"]),
    ]
}
