import Model

/// Container clusters, and what runs on them.
enum ECSShapes {
    static let all: [AWSShape] = [
        AWSShape(
            "ecs.cluster", service: "ecs", prefix: "cluster/", operations: ["ecs.list-clusters", "ecs.describe-clusters"],
            members: ["clusterArns", "clusters"], identity: .arn("clusterArn", orName: "clusterName"),
            whole: ["clusterName", "registeredContainerInstancesCount"], name: "clusterName", tags: ["tags"],
            edges: [
                AWSEdge(
                    .encryptedWith, "configuration", "executeCommandConfiguration", "kmsKeyId", to: .named("kms", "key/"))
            ]),
        AWSShape(
            "ecs.service", service: "ecs", prefix: "service/", operations: ["ecs.list-services", "ecs.describe-services"],
            members: ["serviceArns", "services"], identity: .arn("serviceArn", orName: "serviceName"),
            whole: ["serviceName", "taskDefinition"], name: "serviceName", tags: ["tags"],
            edges: [
                AWSEdge(.inCluster, "clusterArn", to: .named("ecs", "cluster/")),
                AWSEdge(.uses, "taskDefinition", to: .named("ecs", "task-definition/")),
                AWSEdge(.runsAs, "roleArn", to: .arn),
                AWSEdge(.targetOf, "loadBalancers", "targetGroupArn", to: .arn),
                AWSEdge(.targetOf, "loadBalancers", "loadBalancerName", to: .named("elasticloadbalancing", "loadbalancer/")),
                AWSEdge(.inSubnet, "networkConfiguration", "awsvpcConfiguration", "subnets"),
                AWSEdge(.memberOf, "networkConfiguration", "awsvpcConfiguration", "securityGroups"),
            ]),
        AWSShape(
            "ecs.task", service: "ecs", prefix: "task/", operations: ["ecs.list-tasks", "ecs.describe-tasks"],
            members: ["taskArns", "tasks"], identity: .arnOnly("taskArn"),
            whole: ["taskArn", "taskDefinitionArn"], tags: ["tags"],
            edges: [
                AWSEdge(.inCluster, "clusterArn", to: .named("ecs", "cluster/")),
                AWSEdge(.createdFrom, "taskDefinitionArn", to: .arn),
                AWSEdge(.runsOn, "containerInstanceArn", to: .arn),
                AWSEdge(.runsAs, "overrides", "taskRoleArn", to: .arn),
                AWSEdge(.inSubnet, "attachments", "details", to: .pair("subnetId")),
                AWSEdge(.uses, "attachments", "details", to: .pair("networkInterfaceId")),
            ]),
        AWSShape(
            "ecs.task-definition", service: "ecs", prefix: "task-definition/",
            operations: ["ecs.list-task-definitions", "ecs.describe-task-definition"],
            members: ["taskDefinitionArns", "taskDefinition"], identity: .arn("taskDefinitionArn", orName: "family"),
            whole: ["family", "containerDefinitions"], tags: ["tags"],
            edges: [
                AWSEdge(.runsAs, "taskRoleArn", to: .global("iam", "role/")),
                AWSEdge(.runsAs, "executionRoleArn", to: .global("iam", "role/")),
            ]),
        AWSShape(
            "ecs.container-instance", service: "ecs", prefix: "container-instance/",
            operations: ["ecs.list-container-instances", "ecs.describe-container-instances"],
            members: ["containerInstanceArns", "containerInstances"],
            identity: .arnOnly("containerInstanceArn"),
            whole: ["containerInstanceArn", "ec2InstanceId"], tags: ["tags"],
            edges: [
                AWSEdge(.runsOn, "ec2InstanceId"),
                AWSEdge(.inCluster, "containerInstanceArn", to: .ecsCluster),
            ]),
    ]
}
