"""The AWS part: five accounts, as the AWS CLI prints them."""

import json

from .company import Charge, TEAM_BY_NAME, Workload, dice, guid, hexadecimal, instant, messy_tags, workloads

DATABASE_ENGINES = (("postgres", "16.4", 5432), ("mysql", "8.0.39", 3306), ("aurora-postgresql", "15.8", 5432))
INSTANCE_TYPES = (("t3.small", 15.2), ("t3.medium", 30.4), ("m6i.large", 70.1), ("m6i.xlarge", 140.2), ("c6g.xlarge", 99.3),
                  ("r6i.xlarge", 183.9), ("r6i.2xlarge", 367.9))

SITES = (
    # account, its name, region, environment, teams (None: all), servers per application
    ("111122223333", "brindlewick-production", "us-east-1", "production", None, 4),
    ("111122223333", "brindlewick-production", "eu-west-1", "production", ("checkout", "catalog", "fulfilment", "platform"), 3),
    ("222233334444", "brindlewick-staging", "us-east-1", "staging", None, 1),
    ("333344445555", "brindlewick-development", "us-east-1", "development", None, 2),
    ("333344445555", "brindlewick-development", "eu-central-1", "sandbox", ("platform", "catalog"), 2),
    ("444455556666", "brindlewick-data", "us-east-1", "production", ("data-platform",), 8),
    ("555566667777", "brindlewick-shared", "eu-west-1", "production", ("platform",), 6),
)


def pairs(tags):
    return [{"Key": key, "Value": value} for key, value in tags]


class Site:
    """One account in one region: builds the answers of its describe calls, each naming the others' ids."""

    def __init__(self, index, site, charges, roles):
        self.account, self.account_name, self.region, self.environment, teams, self.servers_per_application = site
        self.rng = dice(f"aws:{self.account}:{self.region}")
        self.index = index
        self.zones = [self.region + letter for letter in "abc"]
        self.work = workloads(self.environment, teams)
        self.charges = charges
        self.arn_tags = []  # what resourcegroupstaggingapi says of resources whose own call prints no tags
        self.answers = {}
        self.roles = roles  # of the account: IAM knows no regions

    # Small helpers

    def arn(self, service, rest, region=None):
        return f"arn:aws:{service}:{self.region if region is None else region}:{self.account}:{rest}"

    def id(self, prefix):
        return f"{prefix}-0{hexadecimal(self.rng, 16)}"

    def when(self):
        return instant(self.rng) + "+00:00"

    def tags(self, workload, name=None, stateful=False, locked=()):
        """What people wrote, and after it what AWS wrote and nobody can change."""
        return messy_tags(self.rng, workload, name, stateful) + list(locked)

    def stack(self, workload, logical):
        """The tags CloudFormation locks on what it made."""
        name = f"{workload.application}-{workload.environment}"
        return [("aws:cloudformation:stack-name", name), ("aws:cloudformation:logical-id", logical)]

    def charge(self, resource_id, name, service, category, cost, unit, description, tags=()):
        visible = tuple((key, value) for key, value in tags if not key.startswith("aws:"))
        self.charges.append(Charge("AWS", self.account, self.account_name, self.region, resource_id, name or "", service,
                                   category, round(cost, 2), unit, description, visible))

    def role(self, workload, purpose, principal):
        """The role that one application's functions, tasks or servers run as."""
        name = f"{workload.short}-{workload.application}-{purpose}"
        if name not in self.roles:
            trust = {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}]}
            self.roles[name] = {
                "Path": "/", "RoleName": name, "RoleId": "AROA" + hexadecimal(self.rng, 17).upper(),
                "Arn": self.arn("iam", f"role/{name}", region=""), "CreateDate": self.when(),
                "AssumeRolePolicyDocument": trust, "Description": f"{workload.application}: {purpose}",
                "MaxSessionDuration": 3600,
            }
            self.arn_tags.append((self.roles[name]["Arn"], self.tags(workload)))
        return self.roles[name]["Arn"]

    # Networks

    def network(self):
        owner = Workload(TEAM_BY_NAME["platform"], "gateway", self.environment)
        self.vpc = self.id("vpc")
        block = f"10.{20 + self.index}"
        vpc_name = f"{owner.short}-{self.region}-main"
        self.answers["ec2.describe-vpcs"] = {"Vpcs": [{
            "CidrBlock": f"{block}.0.0/16", "DhcpOptionsId": self.id("dopt"), "State": "available", "VpcId": self.vpc,
            "OwnerId": self.account, "InstanceTenancy": "default", "IsDefault": False,
            "CidrBlockAssociationSet": [{"AssociationId": self.id("vpc-cidr-assoc"), "CidrBlock": f"{block}.0.0/16",
                                         "CidrBlockState": {"State": "associated"}}],
            "Tags": pairs(self.tags(owner, vpc_name)),
        }, {
            "CidrBlock": "172.31.0.0/16", "DhcpOptionsId": self.id("dopt"), "State": "available", "VpcId": self.id("vpc"),
            "OwnerId": self.account, "InstanceTenancy": "default", "IsDefault": True,
        }]}
        self.subnets = {"public": [], "private": [], "data": []}
        listed = []
        for tier, (kind, ids) in enumerate(self.subnets.items()):
            for zone_index, zone in enumerate(self.zones):
                subnet = self.id("subnet")
                ids.append((subnet, zone, f"{block}.{tier * 48 + zone_index * 16}"))
                listed.append({
                    "AvailabilityZone": zone, "AvailableIpAddressCount": self.rng.randint(800, 4000),
                    "CidrBlock": f"{block}.{tier * 48 + zone_index * 16}.0/20", "DefaultForAz": False,
                    "MapPublicIpOnLaunch": kind == "public", "State": "available", "SubnetId": subnet, "VpcId": self.vpc,
                    "OwnerId": self.account, "SubnetArn": self.arn("ec2", f"subnet/{subnet}"),
                    "Tags": pairs(self.tags(owner, f"{owner.short}-{kind}-{zone}")),
                })
        self.answers["ec2.describe-subnets"] = {"Subnets": listed}

    def security_groups(self):
        self.groups = {}
        listed = []
        for workload in self.work:
            for role, port in (("web", 443), ("db", 5432)):
                group = self.id("sg")
                name = workload.name(f"{role}-sg")
                self.groups[workload, role] = (group, name)
                if role == "db":  # only the application's own servers may talk to its database
                    source = {"UserIdGroupPairs": [{"GroupId": self.groups[workload, "web"][0], "UserId": self.account}], "IpRanges": []}
                else:
                    source = {"UserIdGroupPairs": [], "IpRanges": [{"CidrIp": "0.0.0.0/0" if self.rng.random() < 0.1 else "10.0.0.0/8"}]}
                listed.append({
                    "Description": f"{workload.application} {role}", "GroupName": name, "OwnerId": self.account, "GroupId": group,
                    "IpPermissions": [{"FromPort": port, "IpProtocol": "tcp", "ToPort": port, "Ipv6Ranges": [], "PrefixListIds": [], **source}],
                    "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [],
                                             "PrefixListIds": [], "UserIdGroupPairs": []}],
                    "VpcId": self.vpc, "Tags": pairs(self.tags(workload, name)),
                })
        self.answers["ec2.describe-security-groups"] = {"SecurityGroups": listed}

    # Servers: images, instances, their disks, interfaces and snapshots

    def servers(self):
        self.volumes, self.interfaces, self.snapshots = [], [], []
        self.groups_of_instances = {}
        self.images()
        reservations = []
        for workload in self.work:
            in_group = self.rng.random() < 0.4
            for number in range(1, self.servers_per_application + 1 + self.rng.randrange(2)):
                instance = self.instance(workload, number, in_group)
                reservations.append({"Groups": [], "Instances": [instance], "OwnerId": self.account, "ReservationId": self.id("r")})
                if in_group:
                    self.groups_of_instances.setdefault(workload, []).append(instance)
        for number in range(len(reservations) // 6):  # disks that outlived their servers
            workload = self.rng.choice(self.work)
            self.volume(workload, None, self.rng.choice(self.zones), f"{workload.application}-old-{number:02d}", None, None)
        self.answers["ec2.describe-instances"] = {"Reservations": reservations}
        self.answers["ec2.describe-volumes"] = {"Volumes": self.volumes}
        self.answers["ec2.describe-network-interfaces"] = {"NetworkInterfaces": self.interfaces}
        self.answers["ec2.describe-snapshots"] = {"Snapshots": self.snapshots}

    def images(self):
        platform = Workload(TEAM_BY_NAME["platform"], "builds", self.environment)
        listed = []
        for number, base in enumerate(("al2023-base", "ubuntu-2404-base", "java21-runtime", "node22-runtime")):
            created = self.when()
            name = f"brw-{base}-{created[:10].replace('-', '')}"
            snapshot = self.id("snap")
            self.snapshots.append({
                "Description": f"image {name}", "Encrypted": True, "OwnerId": self.account, "Progress": "100%", "SnapshotId": snapshot,
                "StartTime": created, "State": "completed", "VolumeId": "vol-ffffffff", "VolumeSize": 16, "StorageTier": "standard"})
            listed.append({
                "Architecture": "arm64" if number == 3 else "x86_64", "CreationDate": created[:19] + ".000Z", "ImageId": self.id("ami"),
                "ImageLocation": f"{self.account}/{name}", "ImageType": "machine", "Public": False, "OwnerId": self.account,
                "PlatformDetails": "Linux/UNIX", "State": "available", "Name": name, "RootDeviceName": "/dev/xvda",
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {
                    "DeleteOnTermination": True, "SnapshotId": snapshot, "VolumeSize": 16, "VolumeType": "gp3", "Encrypted": True}}],
                "RootDeviceType": "ebs", "VirtualizationType": "hvm", "Tags": pairs(self.tags(platform, name)),
            })
        self.image_list = listed
        self.answers["ec2.describe-images"] = {"Images": listed}

    def instance(self, workload, number, in_group):
        rng = self.rng
        instance, interface = self.id("i"), self.id("eni")
        subnet, zone, block = rng.choice(self.subnets["private"])
        image = rng.choice(self.image_list)
        kind, price = rng.choice(INSTANCE_TYPES)
        launched = self.when()
        address = f"{block}.{rng.randint(4, 250)}"
        name = workload.name("srv", number)
        stopped = rng.random() < 0.06
        group, group_name = self.groups[workload, "web"]
        locked = [("aws:autoscaling:groupName", f"{workload.short}-{workload.application}-asg")] if in_group else (
            self.stack(workload, "Server") if rng.random() < 0.25 else [])
        tags = self.tags(workload, name, locked=locked)
        profile = self.role(workload, "server", "ec2.amazonaws.com").rsplit("/", 1)[1]
        root = self.volume(workload, instance, zone, name + "-root", launched, image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])
        mappings = [("/dev/xvda", root)]
        if rng.random() < 0.3:
            mappings.append(("/dev/xvdf", self.volume(workload, instance, zone, name + "-data", launched, None, device="/dev/xvdf")))
        groups = [{"GroupName": group_name, "GroupId": group}]
        attachment = {"AttachTime": launched, "AttachmentId": self.id("eni-attach"), "DeleteOnTermination": True, "DeviceIndex": 0,
                      "Status": "attached"}
        card = {"Description": "", "Groups": groups, "MacAddress": "02:" + ":".join(hexadecimal(rng, 2) for _ in range(5)),
                "NetworkInterfaceId": interface, "OwnerId": self.account, "PrivateIpAddress": address, "SourceDestCheck": True,
                "Status": "in-use", "SubnetId": subnet, "VpcId": self.vpc, "InterfaceType": "interface"}
        self.interfaces.append({
            **card, "Attachment": {**attachment, "InstanceId": instance, "InstanceOwnerId": self.account},
            "AvailabilityZone": zone, "RequesterManaged": False, "TagSet": pairs(self.tags(workload) if rng.random() < 0.3 else [])})
        if not stopped:
            self.charge(instance, name, "Amazon Elastic Compute Cloud", "Compute", price * rng.uniform(0.7, 1.02), "Hours",
                        f"{kind} Linux/UNIX instance-hours", tags)
        return {
            "AmiLaunchIndex": 0, "ImageId": image["ImageId"], "InstanceId": instance, "InstanceType": kind, "LaunchTime": launched,
            "Monitoring": {"State": "disabled"}, "Placement": {"AvailabilityZone": zone, "GroupName": "", "Tenancy": "default"},
            "PrivateDnsName": f"ip-{address.replace('.', '-')}.{self.region}.compute.internal", "PrivateIpAddress": address,
            "PublicDnsName": "", "State": {"Code": 80, "Name": "stopped"} if stopped else {"Code": 16, "Name": "running"},
            "SubnetId": subnet, "VpcId": self.vpc, "Architecture": image["Architecture"],
            "BlockDeviceMappings": [{"DeviceName": device, "Ebs": {
                "AttachTime": launched, "DeleteOnTermination": True, "Status": "attached", "VolumeId": volume}} for device, volume in mappings],
            "EbsOptimized": True, "IamInstanceProfile": {"Arn": self.arn("iam", f"instance-profile/{profile}", region=""),
                                                         "Id": "AIPA" + self.roles[profile]["RoleId"][4:]},
            "NetworkInterfaces": [{**card, "Attachment": attachment}], "RootDeviceName": "/dev/xvda", "RootDeviceType": "ebs",
            "SecurityGroups": groups, "Tags": pairs(tags), "VirtualizationType": "hvm",
            "MetadataOptions": {"State": "applied", "HttpTokens": rng.choice(("required", "optional")), "HttpEndpoint": "enabled"},
        }

    def volume(self, workload, instance, zone, name, attached, source, device="/dev/xvda"):
        """A disk; half of the disks of servers carry no tags of their own. Returns its id."""
        rng = self.rng
        volume = self.id("vol")
        size = rng.choice((16, 32, 64, 100, 200, 500))
        tags = self.tags(workload, name) if instance is None or rng.random() < 0.5 else []
        self.volumes.append({
            "AvailabilityZone": zone, "CreateTime": attached or self.when(), "Encrypted": rng.random() < 0.8, "Size": size,
            "SnapshotId": source or "", "State": "in-use" if instance else "available", "VolumeId": volume, "Iops": 3000, "VolumeType": "gp3",
            "Attachments": [{"AttachTime": attached, "Device": device, "InstanceId": instance, "State": "attached", "VolumeId": volume,
                             "DeleteOnTermination": True}] if instance else [],
            "Tags": pairs(tags)})
        self.charge(volume, name, "Amazon Elastic Block Store", "Storage", size * 0.08, "GB-Mo", "gp3 provisioned storage", tags)
        for number in range(rng.choice((0, 0, 0, 1, 1, 2) if instance else (0, 1))):
            snapshot = self.id("snap")
            snapshot_tags = self.tags(workload) if rng.random() < 0.35 else []
            self.snapshots.append({
                "Description": f"nightly of {name}" if number == 0 else "", "Encrypted": True, "OwnerId": self.account, "Progress": "100%",
                "SnapshotId": snapshot, "StartTime": self.when(), "State": "completed", "VolumeId": volume, "VolumeSize": size,
                "StorageTier": "standard", **({"Tags": pairs(snapshot_tags)} if snapshot_tags else {})})
            self.charge(self.arn("ec2", f"snapshot/{snapshot}"), "", "Amazon Elastic Block Store", "Storage", size * 0.02, "GB-Mo", "snapshot storage", snapshot_tags)
        return volume

    # Load balancers

    def balancers(self):
        balancers, targets, described = [], [], []
        for workload in self.work:
            if workload.application in ("warehouse", "features", "builds", "ledger"):
                continue  # nothing of theirs is called over HTTP
            name = workload.name("alb")[:32]
            balancer = self.arn("elasticloadbalancing", f"loadbalancer/app/{name}/{hexadecimal(self.rng, 16)}")
            public = workload.application in ("storefront", "gateway", "search", "helpdesk")
            tags = self.tags(workload, name, locked=self.stack(workload, "LoadBalancer") if self.rng.random() < 0.4 else ())
            balancers.append({
                "LoadBalancerArn": balancer, "DNSName": f"{name}-{self.rng.randint(10**8, 10**9)}.{self.region}.elb.amazonaws.com",
                "CreatedTime": self.when(), "LoadBalancerName": name, "Scheme": "internet-facing" if public else "internal",
                "VpcId": self.vpc, "State": {"Code": "active"}, "Type": "application", "IpAddressType": "ipv4",
                "AvailabilityZones": [{"ZoneName": zone, "SubnetId": subnet, "LoadBalancerAddresses": []}
                                      for subnet, zone, _ in self.subnets["public" if public else "private"]],
                "SecurityGroups": [self.groups[workload, "web"][0]]})
            described.append({"ResourceArn": balancer, "Tags": pairs(tags)})
            self.charge(balancer, name, "Elastic Load Balancing", "Networking", self.rng.uniform(18, 90), "Hours",
                        "Application load balancer hours", tags)
            for number in range(1, self.rng.randint(1, 2) + 1):
                target_name = workload.name("tg", number)[:32]
                target = self.arn("elasticloadbalancing", f"targetgroup/{target_name}/{hexadecimal(self.rng, 16)}")
                targets.append({
                    "TargetGroupArn": target, "TargetGroupName": target_name, "Protocol": "HTTP", "Port": 8080, "VpcId": self.vpc,
                    "HealthCheckProtocol": "HTTP", "HealthCheckPath": "/health/ready", "Matcher": {"HttpCode": "200"},
                    "LoadBalancerArns": [balancer], "TargetType": "instance", "ProtocolVersion": "HTTP1"})
                described.append({"ResourceArn": target, "Tags": pairs(self.tags(workload) if self.rng.random() < 0.6 else [])})
                self.targets_of.setdefault(workload, []).append(target)
        self.answers["elbv2.describe-load-balancers"] = {"LoadBalancers": balancers}
        self.answers["elbv2.describe-target-groups"] = {"TargetGroups": targets}
        self.answers["elbv2.describe-tags"] = {"TagDescriptions": described}

    def scaling_groups(self):
        listed = []
        for workload, instances in self.groups_of_instances.items():
            name = f"{workload.short}-{workload.application}-asg"
            listed.append({
                "AutoScalingGroupName": name, "MinSize": 1, "MaxSize": 12, "DesiredCapacity": len(instances), "DefaultCooldown": 300,
                "AutoScalingGroupARN": self.arn("autoscaling", f"autoScalingGroup:{guid(self.rng)}:autoScalingGroupName/{name}"),
                "AvailabilityZones": self.zones, "LoadBalancerNames": [], "TargetGroupARNs": self.targets_of.get(workload, []),
                "HealthCheckType": "ELB", "HealthCheckGracePeriod": 120, "CreatedTime": self.when(),
                "Instances": [{"InstanceId": instance["InstanceId"], "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
                               "LifecycleState": "InService", "HealthStatus": "Healthy"} for instance in instances],
                "VPCZoneIdentifier": ",".join(subnet for subnet, _, _ in self.subnets["private"]),
                "Tags": [{"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": key, "Value": value, "PropagateAtLaunch": True}
                         for key, value in self.tags(workload)]})
        self.answers["autoscaling.describe-auto-scaling-groups"] = {"AutoScalingGroups": listed}

    # Databases

    def databases(self):
        listed = []
        for workload in self.work:
            for number in range(1, (2 if self.environment == "production" else 1) + self.rng.randrange(2)):
                engine, version, port = self.rng.choice(DATABASE_ENGINES)
                name = workload.name("db", number)
                arn = self.arn("rds", f"db:{name}")
                storage = self.rng.choice((50, 100, 250, 500))
                tags = self.tags(workload, name, stateful=True, locked=self.stack(workload, "Database") if self.rng.random() < 0.3 else ())
                listed.append({
                    "DBInstanceIdentifier": name, "DBInstanceClass": "db.r6g.large", "Engine": engine, "EngineVersion": version,
                    "DBInstanceStatus": "available", "MasterUsername": "root_admin", "AllocatedStorage": storage,
                    "Endpoint": {"Address": f"{name}.c{hexadecimal(self.rng, 11)}.{self.region}.rds.amazonaws.com", "Port": port},
                    "InstanceCreateTime": self.when(), "BackupRetentionPeriod": self.rng.choice((0, 7, 14, 35)), "MultiAZ": self.environment == "production",
                    "VpcSecurityGroups": [{"VpcSecurityGroupId": self.groups[workload, "db"][0], "Status": "active"}],
                    "AvailabilityZone": self.rng.choice(self.zones), "PubliclyAccessible": False, "StorageType": "gp3",
                    "DBSubnetGroup": {
                        "DBSubnetGroupName": f"{workload.short}-data", "VpcId": self.vpc, "SubnetGroupStatus": "Complete",
                        "Subnets": [{"SubnetIdentifier": subnet, "SubnetAvailabilityZone": {"Name": zone}, "SubnetStatus": "Active"}
                                    for subnet, zone, _ in self.subnets["data"]]},
                    "StorageEncrypted": self.rng.random() < 0.9, "KmsKeyId": self.arn("kms", f"key/{self.key}"),
                    "DbiResourceId": "db-" + hexadecimal(self.rng, 26).upper(), "DBInstanceArn": arn,
                    "DeletionProtection": self.environment == "production", "TagList": pairs(tags)})
                self.charge(arn, name, "Amazon Relational Database Service", "Databases", 160 + storage * 0.115, "Hours",
                            f"db.r6g.large {engine} instance-hours", tags)
        self.answers["rds.describe-db-instances"] = {"DBInstances": listed}

    def tables(self):
        answers = []
        for workload in self.work:
            for suffix in self.rng.sample(("sessions", "events", "locks", "profiles"), self.rng.randint(1, 2)):
                name = workload.name(suffix)
                arn = self.arn("dynamodb", f"table/{name}")
                tags = self.tags(workload, name, stateful=True)
                answers.append({"Table": {
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "TableName": name,
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "TableStatus": "ACTIVE", "CreationDateTime": self.when(),
                    "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
                    "TableSizeBytes": self.rng.randrange(10**9), "ItemCount": self.rng.randrange(10**6), "TableArn": arn,
                    "TableId": guid(self.rng), "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
                    "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": self.arn("kms", f"key/{self.key}")}}})
                self.arn_tags.append((arn, tags))
                self.charge(arn, name, "Amazon DynamoDB", "Databases", self.rng.uniform(0.4, 60), "Requests", "on-demand requests", tags)
        self.answers["dynamodb.describe-table"] = answers

    # Functions, queues and topics

    def functions(self):
        listed = []
        for workload in self.work:
            role = self.role(workload, "lambda", "lambda.amazonaws.com")
            for job in self.rng.sample(("resize", "notify", "reindex", "export", "webhook", "cleanup"), self.rng.randint(1, 3)):
                name = workload.name(job)
                arn = self.arn("lambda", f"function:{name}")
                tags = self.tags(workload, locked=self.stack(workload, "Function") if self.rng.random() < 0.5 else ())
                inside = self.rng.random() < 0.5
                listed.append({
                    "FunctionName": name, "FunctionArn": arn, "Runtime": self.rng.choice(("python3.12", "nodejs22.x", "java21")), "Role": role,
                    "Handler": "main.handler", "CodeSize": self.rng.randrange(2000, 9_000_000), "Description": "", "Timeout": 30,
                    "MemorySize": self.rng.choice((128, 256, 512, 1024)), "LastModified": self.when()[:19] + ".000+0000",
                    "Version": "$LATEST", "TracingConfig": {"Mode": "PassThrough"}, "RevisionId": guid(self.rng), "PackageType": "Zip",
                    "Architectures": ["arm64"],
                    **({"VpcConfig": {"SubnetIds": [subnet for subnet, _, _ in self.subnets["private"]],
                                      "SecurityGroupIds": [self.groups[workload, "web"][0]], "VpcId": self.vpc}} if inside else {}),
                    "Environment": {"Variables": {"LOG_LEVEL": "info", "STAGE": workload.short}}})
                self.arn_tags.append((arn, tags))
                self.functions_of.setdefault(workload, []).append(arn)
                self.charge(arn, name, "AWS Lambda", "Compute", self.rng.uniform(0.01, 22), "Requests", "requests and duration", tags)
        self.answers["lambda.list-functions"] = {"Functions": listed}

    def messaging(self):
        topics, queues, subscriptions = [], [], []
        for workload in self.work:
            topic_name = workload.name("events")
            topic = self.arn("sns", topic_name)
            topics.append({"Attributes": {
                "TopicArn": topic, "Owner": self.account, "DisplayName": "", "SubscriptionsConfirmed": "2", "SubscriptionsPending": "0",
                "SubscriptionsDeleted": "0", "KmsMasterKeyId": self.arn("kms", f"key/{self.key}")}})
            self.arn_tags.append((topic, self.tags(workload)))
            dead = self.arn("sqs", workload.name("events-dlq"))
            for name in (workload.name("events-dlq"), workload.name("events-queue")):
                queue = self.arn("sqs", name)
                created = self.rng.randint(1_680_000_000, 1_790_000_000)
                attributes = {
                    "QueueArn": queue, "ApproximateNumberOfMessages": str(self.rng.randrange(40)), "CreatedTimestamp": str(created),
                    "LastModifiedTimestamp": str(created + 60), "VisibilityTimeout": "30", "MessageRetentionPeriod": "345600", "SqsManagedSseEnabled": "true"}
                if queue != dead:
                    attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 5})
                    endpoints = [("sqs", queue)] + [("lambda", arn) for arn in self.functions_of[workload][:1]]
                    for protocol, endpoint in endpoints:
                        subscriptions.append({"SubscriptionArn": f"{topic}:{guid(self.rng)}", "Owner": self.account, "Protocol": protocol,
                                              "Endpoint": endpoint, "TopicArn": topic})
                queues.append({"Attributes": attributes})
                tags = self.tags(workload)
                self.arn_tags.append((queue, tags))
                self.charge(queue, name, "Amazon Simple Queue Service", "Integration", self.rng.uniform(0.01, 4), "Requests",
                            "standard requests", tags)
        self.answers["sns.get-topic-attributes"] = topics
        self.answers["sns.list-subscriptions"] = {"Subscriptions": subscriptions}
        self.answers["sqs.get-queue-attributes"] = queues

    # Containers

    def containers(self):
        self.kubernetes()
        clusters, services, definitions = [], [], []
        for workload in self.work[::2]:
            name = workload.name("ecs")
            cluster = self.arn("ecs", f"cluster/{name}")
            count = self.rng.randint(1, 3)
            lower = [{"key": key, "value": value} for key, value in self.tags(workload)]
            clusters.append({
                "clusterArn": cluster, "clusterName": name, "status": "ACTIVE", "registeredContainerInstancesCount": 0,
                "runningTasksCount": count * 2, "pendingTasksCount": 0, "activeServicesCount": count, "statistics": [], "tags": lower,
                "settings": [{"name": "containerInsights", "value": "enabled"}], "capacityProviders": ["FARGATE"]})
            for number in range(1, count + 1):
                service = workload.name("svc", number)
                tags = self.tags(workload, locked=self.stack(workload, "Service"))
                arn = self.arn("ecs", f"service/{name}/{service}")
                role = self.role(workload, "task", "ecs-tasks.amazonaws.com")
                definition = self.arn("ecs", f"task-definition/{service}:{self.rng.randint(1, 90)}")
                definitions.append({"taskDefinition": {
                    "taskDefinitionArn": definition, "family": service, "revision": int(definition.rsplit(":", 1)[1]), "taskRoleArn": role,
                    "networkMode": "awsvpc", "status": "ACTIVE", "cpu": "512", "memory": "1024", "requiresCompatibilities": ["FARGATE"],
                    "containerDefinitions": [{"name": "main", "essential": True, "image":
                        f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{workload.application}:1.{self.rng.randrange(90)}"}]}})
                services.append({
                    "serviceArn": arn, "serviceName": service, "clusterArn": cluster, "loadBalancers": [], "status": "ACTIVE",
                    "desiredCount": 2, "runningCount": 2, "pendingCount": 0, "launchType": "FARGATE", "platformVersion": "LATEST",
                    "taskDefinition": definition, "createdAt": self.when(), "roleArn": role,
                    "networkConfiguration": {"awsvpcConfiguration": {
                        "subnets": [subnet for subnet, _, _ in self.subnets["private"]],
                        "securityGroups": [self.groups[workload, "web"][0]], "assignPublicIp": "DISABLED"}},
                    "tags": [{"key": key, "value": value} for key, value in tags]})
                self.charge(arn, service, "Amazon Elastic Container Service", "Compute", self.rng.uniform(20, 150), "vCPU-Hours",
                            "AWS Fargate vCPU-hours", tags)
        self.answers["ecs.describe-clusters"] = {"clusters": clusters, "failures": []}
        self.answers["ecs.describe-task-definition"] = definitions
        self.answers["ecs.describe-services"] = {"services": services, "failures": []}

    def kubernetes(self):
        platform = Workload(TEAM_BY_NAME["platform"], "gateway", self.environment)
        name = f"{platform.short}-{self.region}-kube"
        tags = dict(self.tags(platform))
        arn = self.arn("eks", f"cluster/{name}")
        subnets = [subnet for subnet, _, _ in self.subnets["private"]]
        self.answers["eks.describe-cluster"] = {"cluster": {
            "name": name, "arn": arn, "createdAt": self.when(), "version": "1.33", "status": "ACTIVE",
            "endpoint": f"https://{hexadecimal(self.rng, 32).upper()}.gr7.{self.region}.eks.amazonaws.com",
            "roleArn": self.role(platform, "eks", "eks.amazonaws.com"), "platformVersion": "eks.9", "tags": tags,
            "resourcesVpcConfig": {"subnetIds": subnets, "securityGroupIds": [self.groups[self.work[-1], "web"][0]], "vpcId": self.vpc,
                                   "endpointPublicAccess": False, "endpointPrivateAccess": True, "publicAccessCidrs": []}}}
        self.charge(arn, name, "Amazon Elastic Kubernetes Service", "Compute", 73, "Hours", "cluster hours", tuple(tags.items()))
        groups = []
        for pool in ("general", "memory"):
            groups.append({"nodegroup": {
                "nodegroupName": pool, "nodegroupArn": self.arn("eks", f"nodegroup/{name}/{pool}/{guid(self.rng)}"), "clusterName": name,
                "version": "1.33", "createdAt": self.when(), "status": "ACTIVE", "capacityType": "ON_DEMAND",
                "scalingConfig": {"minSize": 2, "maxSize": 12, "desiredSize": 4}, "instanceTypes": ["m6i.xlarge"], "subnets": subnets,
                "nodeRole": self.role(platform, "eks-node", "ec2.amazonaws.com"), "diskSize": 50, "labels": {"pool": pool},
                "tags": dict(self.tags(platform))}})
        self.answers["eks.describe-nodegroup"] = groups

    # Buckets, keys, secrets and the rest

    def buckets(self):
        listed = []
        self.bucket_tags = []
        for workload in self.work:
            for suffix in self.rng.sample(("assets", "exports", "logs", "backups", "uploads"), self.rng.randint(1, 3)):
                name = f"brw-{workload.name(suffix)}-{self.account[-4:]}-{self.region}"  # bucket names are the world's
                if any(bucket["Name"] == name for bucket in listed):
                    continue
                listed.append({"Name": name, "CreationDate": self.when(), "BucketRegion": self.region})
                tags = self.tags(workload, stateful=True)
                if len(self.bucket_tags) < 2 and tags:
                    self.bucket_tags.append((name, {"TagSet": pairs(tags)}))
                else:
                    self.arn_tags.append((f"arn:aws:s3:::{name}", tags))
                self.charge(f"arn:aws:s3:::{name}", name, "Amazon Simple Storage Service", "Storage", self.rng.uniform(0.2, 180), "GB-Mo", "standard storage", tags)
        owner = {"DisplayName": self.account_name, "ID": hexadecimal(dice(self.account), 64)}
        self.answers["s3.list-buckets"] = {"Buckets": listed, "Owner": owner}

    def configuration(self):
        """A snapshot as AWS Config delivers it, for what no describe call above lists."""
        platform = Workload(TEAM_BY_NAME["platform"], "gateway", self.environment)
        items = []

        def item(kind, resource_id, arn, name, tags, relationships, configuration):
            items.append({
                "configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-11-01T03:00:00.000Z",
                "configurationItemStatus": "OK", "configurationStateId": int(hexadecimal(self.rng, 11), 16), "awsAccountId": self.account,
                "resourceType": kind, "resourceId": resource_id, "resourceName": name, "ARN": arn, "awsRegion": self.region,
                "availabilityZone": "Regional", "tags": dict(tags), "relationships": [
                    {"resourceType": other, "resourceId": target, "name": relation} for other, target, relation in relationships],
                "configuration": configuration, "supplementaryConfiguration": {}})

        item("AWS::KMS::Key", self.key, self.arn("kms", f"key/{self.key}"), self.key, self.tags(platform), [],
             {"keyId": self.key, "keyState": "Enabled", "keyManager": "CUSTOMER"})
        vpc = ("AWS::EC2::VPC", self.vpc, "Is contained in Vpc")
        gateway = self.id("igw")
        item("AWS::EC2::InternetGateway", gateway, self.arn("ec2", f"internet-gateway/{gateway}"), None, self.tags(platform),
             [("AWS::EC2::VPC", self.vpc, "Is attached to Vpc")], {"internetGatewayId": gateway})
        for kind, subnets in self.subnets.items():
            table = self.id("rtb")
            item("AWS::EC2::RouteTable", table, self.arn("ec2", f"route-table/{table}"), None, self.tags(platform, f"{kind}-routes"),
                 [vpc] + [("AWS::EC2::Subnet", subnet, "Contains Subnet") for subnet, _, _ in subnets], {"routeTableId": table, "vpcId": self.vpc})
        for subnet, zone, _ in self.subnets["public"]:
            nat = self.id("nat")
            tags = self.tags(platform, f"nat-{zone}")
            item("AWS::EC2::NatGateway", nat, self.arn("ec2", f"natgateway/{nat}"), None, tags,
                 [vpc, ("AWS::EC2::Subnet", subnet, "Is contained in Subnet")], {"natGatewayId": nat, "subnetId": subnet, "state": "available"})
            self.charge(nat, f"nat-{zone}", "Amazon Virtual Private Cloud", "Networking", self.rng.uniform(33, 120), "Hours", "NAT gateway hours", tags)
        for workload in self.work:
            name = f"{workload.environment}/{workload.application}/database"
            arn = self.arn("secretsmanager", f"secret:{name}-{hexadecimal(self.rng, 6)}")
            item("AWS::SecretsManager::Secret", arn, arn, name, self.tags(workload),
                 [("AWS::KMS::Key", self.key, "Is associated with Key")], {"Name": name, "KmsKeyId": self.key})
        self.answers["configservice.deliver-config-snapshot"] = {
            "fileVersion": "1.0", "configSnapshotId": guid(self.rng), "configurationItems": items}
        return len(items)

    def generate(self, output):
        self.key = guid(self.rng)
        self.functions_of, self.targets_of = {}, {}
        self.network()
        self.security_groups()
        self.servers()
        self.balancers()
        self.scaling_groups()
        self.databases()
        self.tables()
        self.functions()
        self.messaging()
        self.containers()
        self.buckets()
        count = self.configuration()
        self.answers["resourcegroupstaggingapi.get-resources"] = {"PaginationToken": "", "ResourceTagMappingList": [
            {"ResourceARN": arn, "Tags": pairs(tags)} for arn, tags in self.arn_tags if tags]}
        for operation, answer in self.answers.items():
            if isinstance(answer, dict) and not any(answer.values()):
                continue
            hints = {"account_id": self.account, "region": self.region, "operation": operation}
            file = f"{operation}.{self.account}.{self.region}"
            if isinstance(answer, list):  # a call that describes one thing: one answer a line
                output.lines("aws", file, answer, **hints)
                count += len(answer)
            else:
                output.payload("aws", file, answer, **hints)
                if operation not in ("elbv2.describe-tags", "resourcegroupstaggingapi.get-resources", "configservice.deliver-config-snapshot"):
                    count += sum(len(value) for value in answer.values() if isinstance(value, list)) or 1
        for bucket, answer in self.bucket_tags:
            output.payload("aws", f"s3.get-bucket-tagging.{bucket}", answer, account_id=self.account, region=self.region,
                           operation="s3.get-bucket-tagging", resource_id=f"arn:aws:s3:::{bucket}")
        return count


def generate(output, charges):
    """Writes all accounts; returns how many resources they hold."""
    count = 0
    roles = {}
    for index, site in enumerate(SITES):
        count += Site(index, site, charges, roles.setdefault(site[0], {})).generate(output)
    for account, named in roles.items():
        output.payload("aws", f"iam.list-roles.{account}", {"Roles": list(named.values()), "IsTruncated": False},
                       account_id=account, operation="iam.list-roles")
        profiles = [{
            "Path": "/", "InstanceProfileName": name, "InstanceProfileId": "AIPA" + role["RoleId"][4:], "CreateDate": role["CreateDate"],
            "Arn": f"arn:aws:iam::{account}:instance-profile/{name}", "Roles": [role]} for name, role in named.items() if name.endswith("-server")]
        output.payload("aws", f"iam.list-instance-profiles.{account}", {"InstanceProfiles": profiles, "IsTruncated": False},
                       account_id=account, operation="iam.list-instance-profiles")
        count += len(named) + len(profiles)
    return count
