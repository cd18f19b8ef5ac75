import Model

/// Relational databases.
enum RDSShapes {
    static let all: [AWSShape] = [
        AWSShape(
            "rds.db", service: "rds", prefix: "db:", operations: ["rds.describe-db-instances"],
            members: ["DBInstances", "DBInstance"], identity: .arn("DBInstanceArn", orName: "DBInstanceIdentifier"),
            whole: ["DBInstanceIdentifier", "DBInstanceClass"], name: "DBInstanceIdentifier", tags: ["TagList"],
            owner: ["KmsKeyId"], zone: ["AvailabilityZone"],
            edges: [
                AWSEdge(.inNetwork, "DBSubnetGroup", "VpcId"),
                AWSEdge(.inSubnet, "DBSubnetGroup", "Subnets", "SubnetIdentifier"),
                AWSEdge(.memberOf, "VpcSecurityGroups", "VpcSecurityGroupId"),
                AWSEdge(.inCluster, "DBClusterIdentifier", to: .named("rds", "cluster:")),
                AWSEdge(.replicaOf, "ReadReplicaSourceDBInstanceIdentifier", to: .named("rds", "db:")),
                AWSEdge(.replicaOf, "ReadReplicaSourceDBClusterIdentifier", to: .named("rds", "cluster:")),
                AWSEdge(.runsAs, "AssociatedRoles", "RoleArn", to: .arn),
                AWSEdge(.uses, "MonitoringRoleArn", to: .arn),
                .kms("KmsKeyId"),
            ],
            // The restorable time moves on every few minutes.
            omitted: ["LatestRestorableTime", "PendingModifiedValues", "CertificateDetails"]),
        AWSShape(
            "rds.cluster", service: "rds", prefix: "cluster:", operations: ["rds.describe-db-clusters"],
            members: ["DBClusters", "DBCluster"], identity: .arn("DBClusterArn", orName: "DBClusterIdentifier"),
            whole: ["DBClusterIdentifier", "DBClusterMembers"], name: "DBClusterIdentifier", tags: ["TagList"],
            owner: ["KmsKeyId"], zone: ["AvailabilityZones"],
            edges: [
                AWSEdge(.memberOf, "VpcSecurityGroups", "VpcSecurityGroupId"),
                AWSEdge(.replicaOf, "ReplicationSourceIdentifier", to: .named("rds", "cluster:")),
                AWSEdge(.runsAs, "AssociatedRoles", "RoleArn", to: .arn),
                .kms("KmsKeyId"),
            ],
            omitted: ["LatestRestorableTime", "EarliestRestorableTime"]),
        AWSShape(
            "rds.snapshot", service: "rds", prefix: "snapshot:", operations: ["rds.describe-db-snapshots"],
            members: ["DBSnapshots", "DBSnapshot"], identity: .arn("DBSnapshotArn", orName: "DBSnapshotIdentifier"),
            whole: ["DBSnapshotIdentifier", "DBInstanceIdentifier"], name: "DBSnapshotIdentifier", tags: ["TagList"],
            owner: ["KmsKeyId"], zone: ["AvailabilityZone"],
            edges: [
                AWSEdge(.createdFrom, "DBInstanceIdentifier", to: .named("rds", "db:")),
                AWSEdge(.inNetwork, "VpcId"),
                .kms("KmsKeyId"),
            ]),
        AWSShape(
            "rds.cluster-snapshot", service: "rds", prefix: "cluster-snapshot:",
            operations: ["rds.describe-db-cluster-snapshots"], members: ["DBClusterSnapshots", "DBClusterSnapshot"],
            identity: .arn("DBClusterSnapshotArn", orName: "DBClusterSnapshotIdentifier"),
            whole: ["DBClusterSnapshotIdentifier"], name: "DBClusterSnapshotIdentifier", tags: ["TagList"],
            owner: ["KmsKeyId"], zone: ["AvailabilityZones"],
            edges: [
                AWSEdge(.createdFrom, "DBClusterIdentifier", to: .named("rds", "cluster:")),
                AWSEdge(.inNetwork, "VpcId"),
                .kms("KmsKeyId"),
            ]),
        AWSShape(
            "rds.subgrp", service: "rds", prefix: "subgrp:", operations: ["rds.describe-db-subnet-groups"],
            members: ["DBSubnetGroups", "DBSubnetGroup"], identity: .arn("DBSubnetGroupArn", orName: "DBSubnetGroupName"),
            whole: ["DBSubnetGroupName", "DBSubnetGroupDescription"], name: "DBSubnetGroupName",
            zone: ["Subnets", "SubnetAvailabilityZone", "Name"],
            edges: [AWSEdge(.inNetwork, "VpcId"), AWSEdge(.inSubnet, "Subnets", "SubnetIdentifier")]),
    ]
}
