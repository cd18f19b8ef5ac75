/// Properties of AWS resources under the names that Cartography has for them, so that its users' queries find them.
enum CartographyProperties {
    /// Table: by type of resource, the metadata's path and the name there.
    static let byType: [String: [(path: String, name: String)]] = [
        "ec2.image": [("CreationDate", "creationdate"), ("Public", "ispublic"), ("State", "state")],
        "ec2.instance": [
            ("ImageId", "imageid"), ("InstanceType", "instancetype"), ("LaunchTime", "launchtime"),
            ("PrivateIpAddress", "privateipaddress"), ("PublicDnsName", "publicdnsname"),
            ("PublicIpAddress", "publicipaddress"), ("State.Name", "state"), ("SubnetId", "subnetid"),
        ],
        "ec2.network-interface": [("PrivateIpAddress", "private_ip_address"), ("Status", "status")],
        "ec2.security-group": [("Description", "description")],
        "ec2.snapshot": [("Encrypted", "encrypted"), ("StartTime", "starttime"), ("VolumeSize", "volumesize")],
        "ec2.volume": [
            ("CreateTime", "createtime"), ("Encrypted", "encrypted"), ("Size", "size"), ("State", "state"),
            ("VolumeType", "type"),
        ],
        "ec2.vpc": [("CidrBlock", "primary_cidr_block"), ("IsDefault", "is_default")],
        "elasticloadbalancing.loadbalancer": [("DNSName", "dnsname"), ("Scheme", "scheme"), ("Type", "type")],
        "lambda.function": [("MemorySize", "memory"), ("Runtime", "runtime"), ("Timeout", "timeout")],
        "rds.db": [
            ("DBInstanceClass", "db_instance_class"), ("Engine", "engine"), ("EngineVersion", "engine_version"),
            ("MultiAZ", "multi_az"), ("PubliclyAccessible", "publicly_accessible"),
            ("StorageEncrypted", "storage_encrypted"), ("StorageType", "storage_type"),
        ],
        "s3.bucket": [("CreationDate", "creation_date")],
    ]

    /// By type of resource: what the provider's id is called.
    static let idByType: [String: String] = [
        "ec2.image": "imageid", "ec2.instance": "instanceid", "ec2.security-group": "groupid", "ec2.snapshot": "snapshotid",
        "ec2.subnet": "subnetid", "ec2.volume": "volumeid", "ec2.vpc": "vpcid",
    ]
}
