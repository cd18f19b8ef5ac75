import Model

/// Kubernetes clusters.
enum EKSShapes {
    static let all: [AWSShape] = [
        AWSShape(
            "eks.cluster", service: "eks", prefix: "cluster/", operations: ["eks.list-clusters", "eks.describe-cluster"],
            members: ["clusters", "cluster"], identity: .arn("arn", orName: "name"), whole: ["name", "resourcesVpcConfig"],
            name: "name", tags: ["tags"],
            edges: [
                AWSEdge(.runsAs, "roleArn", to: .arn),
                AWSEdge(.inNetwork, "resourcesVpcConfig", "vpcId"),
                AWSEdge(.inSubnet, "resourcesVpcConfig", "subnetIds"),
                AWSEdge(.memberOf, "resourcesVpcConfig", "securityGroupIds"),
                AWSEdge(.memberOf, "resourcesVpcConfig", "clusterSecurityGroupId"),
                AWSEdge(.encryptedWith, "encryptionConfig", "provider", "keyArn", to: .named("kms", "key/")),
            ],
            omitted: ["certificateAuthority"]),
        AWSShape(
            "eks.nodegroup", service: "eks", prefix: "nodegroup/",
            operations: ["eks.list-nodegroups", "eks.describe-nodegroup"], members: ["nodegroups", "nodegroup"],
            identity: .arn("nodegroupArn", orName: "nodegroupName"), whole: ["nodegroupName", "scalingConfig"],
            name: "nodegroupName", tags: ["tags"], parent: "clusterName",
            edges: [
                AWSEdge(.inCluster, "clusterName", to: .named("eks", "cluster/")),
                AWSEdge(.runsAs, "nodeRole", to: .arn),
                AWSEdge(.inSubnet, "subnets"),
                AWSEdge(.createdFrom, "launchTemplate", "id"),
                AWSEdge(.uses, "remoteAccess", "sourceSecurityGroups"),
            ]),
        AWSShape(
            "eks.addon", service: "eks", prefix: "addon/", operations: ["eks.list-addons", "eks.describe-addon"],
            members: ["addons", "addon"], identity: .arn("addonArn", orName: "addonName"),
            whole: ["addonName", "addonVersion"], name: "addonName", tags: ["tags"], parent: "clusterName",
            edges: [
                AWSEdge(.inCluster, "clusterName", to: .named("eks", "cluster/")),
                AWSEdge(.runsAs, "serviceAccountRoleArn", to: .arn),
            ],
            omitted: ["configurationValues"]),
        AWSShape(
            "eks.fargateprofile", service: "eks", prefix: "fargateprofile/",
            operations: ["eks.list-fargate-profiles", "eks.describe-fargate-profile"],
            members: ["fargateProfileNames", "fargateProfile"],
            identity: .arn("fargateProfileArn", orName: "fargateProfileName"),
            whole: ["fargateProfileName", "podExecutionRoleArn"], name: "fargateProfileName", tags: ["tags"],
            parent: "clusterName",
            edges: [
                AWSEdge(.inCluster, "clusterName", to: .named("eks", "cluster/")),
                AWSEdge(.runsAs, "podExecutionRoleArn", to: .arn),
                AWSEdge(.inSubnet, "subnets"),
            ]),
    ]
}
