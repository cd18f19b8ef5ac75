import Model

/// Services of which one or two calls matter. Those not here are read by `AWSReader+Generic`.
enum OtherShapes {
    static let all: [AWSShape] = [
        AWSShape(
            "autoscaling.autoscalinggroup", service: "autoscaling", prefix: "autoScalingGroup::autoScalingGroupName/",
            operations: ["autoscaling.describe-auto-scaling-groups"], members: ["AutoScalingGroups"],
            identity: .arn("AutoScalingGroupARN", orName: "AutoScalingGroupName"),
            whole: ["AutoScalingGroupName", "MinSize"], name: "AutoScalingGroupName", absentTagsMeanNone: true,
            zone: ["AvailabilityZones"],
            edges: [
                AWSEdge(.inSubnet, "VPCZoneIdentifier", to: .listed),
                AWSEdge(.createdFrom, "LaunchTemplate", "LaunchTemplateId"),
                AWSEdge(
                    .createdFrom, "MixedInstancesPolicy", "LaunchTemplate", "LaunchTemplateSpecification", "LaunchTemplateId"
                ),
                AWSEdge(.targetOf, "TargetGroupARNs", to: .arn),
                AWSEdge(.targetOf, "LoadBalancerNames", to: .named("elasticloadbalancing", "loadbalancer/")),
                AWSEdge(.runsAs, "ServiceLinkedRoleARN", to: .arn),
                AWSEdge(.uses, "Instances", "InstanceId"),
            ]),
        AWSShape(
            "elasticache.cluster", service: "elasticache", prefix: "cluster:",
            operations: ["elasticache.describe-cache-clusters"], members: ["CacheClusters"],
            identity: .arn("ARN", orName: "CacheClusterId"), whole: ["CacheClusterId", "CacheNodeType"],
            name: "CacheClusterId", zone: ["PreferredAvailabilityZone"],
            edges: [
                AWSEdge(.memberOf, "SecurityGroups", "SecurityGroupId"),
                AWSEdge(.partOf, "ReplicationGroupId", to: .named("elasticache", "replicationgroup:")),
            ]),
        AWSShape(
            "redshift.cluster", service: "redshift", prefix: "cluster:", operations: ["redshift.describe-clusters"],
            members: ["Clusters"], identity: .name("ClusterIdentifier"), whole: ["ClusterIdentifier", "NodeType"],
            zone: ["AvailabilityZone"],
            edges: [
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.memberOf, "VpcSecurityGroups", "VpcSecurityGroupId"),
                AWSEdge(.runsAs, "IamRoles", "IamRoleArn", to: .arn),
                .kms("KmsKeyId"),
            ],
            omitted: ["ClusterPublicKey"]),
        AWSShape(
            "elasticfilesystem.file-system", service: "elasticfilesystem", prefix: "file-system/",
            operations: ["efs.describe-file-systems"], members: ["FileSystems"],
            identity: .arn("FileSystemArn", orName: "FileSystemId"), whole: ["FileSystemId", "ThroughputMode"],
            name: "Name", owner: ["OwnerId"], edges: [.kms("KmsKeyId")], omitted: ["SizeInBytes", "OwnerId"]),
        AWSShape(
            "kms.key", service: "kms", prefix: "key/", operations: ["kms.list-keys", "kms.describe-key"],
            members: ["Keys", "KeyMetadata"], identity: .arn("Arn", orName: "KeyArn"), whole: ["KeyId", "KeyUsage"],
            omitted: ["AWSAccountId"]),
        AWSShape(
            "cloudformation.stack", service: "cloudformation", prefix: "stack/",
            operations: ["cloudformation.describe-stacks"],
            members: ["Stacks"], identity: .arn("StackId", orName: "StackName"), whole: ["StackName", "StackStatus"],
            name: "StackName",
            edges: [AWSEdge(.partOf, "ParentId", to: .arn), AWSEdge(.runsAs, "RoleARN", to: .arn)]),
        AWSShape(
            "secretsmanager.secret", service: "secretsmanager", prefix: "secret:",
            operations: ["secretsmanager.list-secrets"],
            members: ["SecretList"], identity: .arn("ARN", orName: "Name"), whole: ["ARN", "Name"], name: "Name",
            edges: [.kms("KmsKeyId"), AWSEdge(.uses, "RotationLambdaARN", to: .arn)], omitted: ["LastAccessedDate"]),
        AWSShape(
            "route53.hostedzone", service: "route53", prefix: "hostedzone/", operations: ["route53.list-hosted-zones"],
            members: ["HostedZones"], identity: .name("Id"), whole: ["Id", "CallerReference"], name: "Name", isGlobal: true,
            omitted: ["CallerReference"]),
        AWSShape(
            "logs.log-group", service: "logs", prefix: "log-group:", operations: ["logs.describe-log-groups"],
            members: ["logGroups"], identity: .arn("arn", orName: "logGroupName"), whole: ["logGroupName", "arn"],
            name: "logGroupName", tags: ["tags"], edges: [.kms("kmsKeyId")], omitted: ["storedBytes", "logGroupArn"]),
    ]
}
