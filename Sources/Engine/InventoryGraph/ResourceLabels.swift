import Model

/// The labels of a resource's node: `Resource`, and for types that Cartography knows its names for them. Cartography
/// put its providers'
/// names before some labels of old (`EC2Instance`, now `AWSEC2Instance`); such nodes have both, so that queries for
/// either run.
package enum ResourceLabels {
    package static let resource = "Resource"

    static func labels(of resource: Resource) -> [String] {
        guard let name = byType[resource.resourceType] else { return [Self.resource] }
        guard resource.provider == .aws, !name.hasPrefix("AWS") else { return [Self.resource, name] }
        return [Self.resource, name, "AWS" + name]
    }

    /// Table: the type of a resource here, its label there.
    private static let byType: [String: String] = [
        "autoscaling.autoscalinggroup": "AutoScalingGroup",
        "cloudformation.stack": "AWSCloudFormationStack",
        "dynamodb.table": "DynamoDBTable",
        "ec2.elastic-ip": "ElasticIPAddress",
        "ec2.image": "EC2Image",
        "ec2.instance": "EC2Instance",
        "ec2.internet-gateway": "AWSInternetGateway",
        "ec2.key-pair": "EC2KeyPair",
        "ec2.launch-template": "LaunchTemplate",
        "ec2.network-acl": "EC2NetworkAcl",
        "ec2.network-interface": "NetworkInterface",
        "ec2.route-table": "EC2RouteTable",
        "ec2.security-group": "EC2SecurityGroup",
        "ec2.snapshot": "EBSSnapshot",
        "ec2.subnet": "EC2Subnet",
        "ec2.transit-gateway": "AWSTransitGateway",
        "ec2.volume": "EBSVolume",
        "ec2.vpc": "AWSVpc",
        "ec2.vpc-endpoint": "AWSVpcEndpoint",
        "ec2.vpc-peering-connection": "AWSPeeringConnection",
        "ecs.cluster": "ECSCluster",
        "ecs.container-instance": "ECSContainerInstance",
        "ecs.service": "ECSService",
        "ecs.task": "ECSTask",
        "ecs.task-definition": "ECSTaskDefinition",
        "eks.cluster": "EKSCluster",
        "elasticache.cluster": "ElasticacheCluster",
        "elasticfilesystem.file-system": "EfsFileSystem",
        "elasticloadbalancing.listener": "ELBV2Listener",
        "elasticloadbalancing.loadbalancer": "LoadBalancerV2",
        "elasticloadbalancing.targetgroup": "ELBV2TargetGroup",
        "iam.group": "AWSGroup",
        "iam.instance-profile": "AWSInstanceProfile",
        "iam.policy": "AWSPolicy",
        "iam.role": "AWSRole",
        "iam.user": "AWSUser",
        "kms.key": "KMSKey",
        "lambda.event-source-mapping": "AWSLambdaEventSourceMapping",
        "lambda.function": "AWSLambda",
        "logs.log-group": "CloudWatchLogGroup",
        "rds.cluster": "RDSCluster",
        "rds.db": "RDSInstance",
        "rds.snapshot": "RDSSnapshot",
        "rds.subgrp": "DBSubnetGroup",
        "redshift.cluster": "RedshiftCluster",
        "route53.hostedzone": "AWSDNSZone",
        "s3.bucket": "S3Bucket",
        "secretsmanager.secret": "SecretsManagerSecret",
        "sns.subscription": "SNSTopicSubscription",
        "sns.topic": "SNSTopic",
        "sqs.queue": "SQSQueue",
        "compute.firewall": "GCPFirewall",
        "compute.forwardingrule": "GCPForwardingRule",
        "compute.instance": "GCPInstance",
        "compute.network": "GCPVpc",
        "compute.subnetwork": "GCPSubnet",
        "container.cluster": "GKECluster",
        "dns.managedzone": "GCPDNSZone",
        "storage.bucket": "GCPBucket",
        "microsoft.compute/disks": "AzureDisk",
        "microsoft.compute/snapshots": "AzureSnapshot",
        "microsoft.compute/virtualmachines": "AzureVirtualMachine",
        "microsoft.documentdb/databaseaccounts": "AzureCosmosDBAccount",
        "microsoft.sql/servers": "AzureSQLServer",
        "microsoft.sql/servers/databases": "AzureSQLDatabase",
        "microsoft.storage/storageaccounts": "AzureStorageAccount",
    ]
}
