internal import Conditions
internal import Model

/// What a policy's `resource` means here.
struct CustodianTarget: Hashable {
    let provider: Provider
    let resourceType: String
    /// Attributes that are fields of their own here.
    let fields: [String: ConditionField]

    /// Reads `ec2`, `aws.ec2`, `azure.vm` …
    init(_ name: String, at pointer: JSONPointer) throws(Untranslatable) {
        let dot = name.firstIndex(of: ".")
        let prefix = dot.map { String(name[..<$0]) } ?? "aws"
        let kind = dot.map { String(name[name.index(after: $0)...]) } ?? name
        guard let provider = Provider(rawValue: prefix), let types = Self.types[provider] else {
            throw Untranslatable(
                "the provider \"\(prefix.shortened)\" is not known here", "providers are aws, gcp and azure", at: pointer)
        }
        guard let type = types[kind] else {
            throw Untranslatable(
                "there is no resource type for \"\(name.shortened)\"\(Suggestion.clause(for: kind, among: types.keys.sorted()))",
                "write a rule by hand; `vtag resources list` shows the types that there are", at: pointer)
        }
        self.provider = provider
        resourceType = type.0
        fields = Self.common[provider, default: [:]].merging(type.1) { $1 }
    }

    /// Resources of the type. One type belongs to one provider, so that its name says it.
    var scope: Condition { .test(FieldTest(.resourceType, .eq, .text(resourceType))) }

    func tag(_ key: String) -> ConditionField { .tag(key, of: provider) }

    /// The field that a filter's key means: `tag:KEY`, or a plain path into what the provider says.
    func field(_ key: String, at pointer: JSONPointer) throws(Untranslatable) -> ConditionField {
        if key.hasPrefix("tag:") {
            let tag = String(key.dropFirst(4))
            guard !tag.isEmpty, tag.utf8.count <= ConditionField.parameterBytesMax else {
                throw Untranslatable("\"tag:\" names no key", "write `tag:KEY`", at: pointer)
            }
            return self.tag(tag)
        }
        if let field = fields[key] { return field }
        guard let path = Self.path(key) else {
            throw Untranslatable(
                "\"\(key.shortened)\" is an expression of JMESPath; a condition reads one plain path",
                "name one attribute, such as State.Name", at: pointer)
        }
        return .metadata(path)
    }

    /// `State.Name` and `Rules[0].Id` as a path of conditions; nil for what JMESPath has beyond that.
    private static func path(_ key: String) -> String? {
        var path = ""
        var isIndex = false
        for character in key {
            switch character {
            case "[":
                guard !isIndex, !path.isEmpty else { return nil }
                isIndex = true
                path.append(".")
            case "]":
                guard isIndex, path.last?.isNumber == true else { return nil }
                isIndex = false
            case "0"..."9": path.append(character)
            case "a"..."z", "A"..."Z", "_", "-", ".":
                guard !isIndex else { return nil }
                path.append(character)
            default: return nil
            }
        }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        let isPath = !isIndex && !path.isEmpty && !parts.contains("") && path.utf8.count <= ConditionField.parameterBytesMax
        return isPath && !["Tags", "tags", "labels"].contains(path) ? path : nil
    }

    // MARK: The types

    private static let common: [Provider: [String: ConditionField]] = [
        .aws: [:], .gcp: ["name": .name], .azure: ["name": .name, "location": .region, "id": .resourceID],
    ]

    /// Cloud Custodian's names by provider, with the type here.
    private static let types: [Provider: [String: (String, [String: ConditionField])]] = [
        .aws: [
            "ec2": ("ec2.instance", ["InstanceId": .resourceID]), "ebs": ("ec2.volume", ["VolumeId": .resourceID]),
            "ebs-snapshot": ("ec2.snapshot", ["SnapshotId": .resourceID]),
            "ami": ("ec2.image", ["ImageId": .resourceID, "Name": .name]), "vpc": ("ec2.vpc", ["VpcId": .resourceID]),
            "subnet": ("ec2.subnet", ["SubnetId": .resourceID]),
            "security-group": ("ec2.security-group", ["GroupId": .resourceID, "GroupName": .name]),
            "eni": ("ec2.network-interface", ["NetworkInterfaceId": .resourceID]),
            "network-addr": ("ec2.elastic-ip", [:]), "elastic-ip": ("ec2.elastic-ip", [:]),
            "internet-gateway": ("ec2.internet-gateway", [:]), "nat-gateway": ("ec2.natgateway", [:]),
            "route-table": ("ec2.route-table", [:]), "network-acl": ("ec2.network-acl", [:]),
            "vpc-endpoint": ("ec2.vpc-endpoint", [:]), "peering-connection": ("ec2.vpc-peering-connection", [:]),
            "key-pair": ("ec2.key-pair", ["KeyName": .name]), "launch-template-version": ("ec2.launch-template", [:]),
            "transit-gateway": ("ec2.transit-gateway", [:]), "s3": ("s3.bucket", ["Name": .name]),
            "rds": ("rds.db", ["DBInstanceIdentifier": .name]),
            "rds-cluster": ("rds.cluster", ["DBClusterIdentifier": .name]), "rds-snapshot": ("rds.snapshot", [:]),
            "rds-cluster-snapshot": ("rds.cluster-snapshot", [:]), "rds-subnet-group": ("rds.subgrp", [:]),
            "lambda": ("lambda.function", ["FunctionName": .name]), "iam-role": ("iam.role", ["RoleName": .name]),
            "iam-user": ("iam.user", ["UserName": .name]), "iam-policy": ("iam.policy", ["PolicyName": .name]),
            "iam-profile": ("iam.instance-profile", [:]), "iam-group": ("iam.group", [:]),
            "elb": ("elasticloadbalancing.loadbalancer", ["LoadBalancerName": .name]),
            "app-elb": ("elasticloadbalancing.loadbalancer", ["LoadBalancerName": .name]),
            "app-elb-target-group": ("elasticloadbalancing.targetgroup", ["TargetGroupName": .name]),
            "asg": ("autoscaling.autoscalinggroup", ["AutoScalingGroupName": .name]),
            "dynamodb-table": ("dynamodb.table", ["TableName": .name]), "sns": ("sns.topic", [:]),
            "sns-subscription": ("sns.subscription", [:]), "sqs": ("sqs.queue", [:]), "kms-key": ("kms.key", [:]),
            "ecs": ("ecs.cluster", ["clusterName": .name]), "ecs-service": ("ecs.service", ["serviceName": .name]),
            "ecs-task": ("ecs.task", [:]), "ecs-task-definition": ("ecs.task-definition", [:]),
            "ecs-container-instance": ("ecs.container-instance", [:]), "eks": ("eks.cluster", ["name": .name]),
            "eks-nodegroup": ("eks.nodegroup", ["nodegroupName": .name]), "cache-cluster": ("elasticache.cluster", [:]),
            "efs": ("elasticfilesystem.file-system", ["Name": .name]), "redshift": ("redshift.cluster", [:]),
            "log-group": ("logs.log-group", ["logGroupName": .name]), "cfn": ("cloudformation.stack", ["StackName": .name]),
            "secrets-manager": ("secretsmanager.secret", ["Name": .name]),
            "hostedzone": ("route53.hostedzone", ["Name": .name]),
        ],
        .gcp: [
            "instance": ("compute.instance", [:]), "disk": ("compute.disk", [:]), "image": ("compute.image", [:]),
            "snapshot": ("compute.snapshot", [:]), "vpc": ("compute.network", [:]), "subnet": ("compute.subnetwork", [:]),
            "firewall": ("compute.firewall", [:]), "bucket": ("storage.bucket", [:]),
            "sql-instance": ("sqladmin.instance", [:]), "gke-cluster": ("container.cluster", [:]),
            "gke-nodepool": ("container.nodepool", [:]), "bq-dataset": ("bigquery.dataset", [:]),
            "pubsub-topic": ("pubsub.topic", [:]), "pubsub-subscription": ("pubsub.subscription", [:]),
            "function": ("cloudfunctions.function", [:]), "project": ("cloudresourcemanager.project", [:]),
            "spanner-instance": ("spanner.instance", [:]), "secret": ("secretmanager.secret", [:]),
            "cloud-run-service": ("run.service", [:]), "redis": ("redis.instance", [:]),
        ],
        .azure: [
            "vm": ("microsoft.compute/virtualmachines", [:]), "disk": ("microsoft.compute/disks", [:]),
            "image": ("microsoft.compute/images", [:]), "vmss": ("microsoft.compute/virtualmachinescalesets", [:]),
            "resourcegroup": ("microsoft.resources/resourcegroups", [:]),
            "storage": ("microsoft.storage/storageaccounts", [:]), "sqlserver": ("microsoft.sql/servers", [:]),
            "sqldatabase": ("microsoft.sql/servers/databases", [:]), "vnet": ("microsoft.network/virtualnetworks", [:]),
            "networkinterface": ("microsoft.network/networkinterfaces", [:]),
            "networksecuritygroup": ("microsoft.network/networksecuritygroups", [:]),
            "publicip": ("microsoft.network/publicipaddresses", [:]),
            "loadbalancer": ("microsoft.network/loadbalancers", [:]), "keyvault": ("microsoft.keyvault/vaults", [:]),
            "webapp": ("microsoft.web/sites", [:]), "appserviceplan": ("microsoft.web/serverfarms", [:]),
            "aks": ("microsoft.containerservice/managedclusters", [:]),
            "cosmosdb": ("microsoft.documentdb/databaseaccounts", [:]), "redis": ("microsoft.cache/redis", [:]),
        ],
    ]
}
