import JSON
import Normalisation

/// Pages as Amazon's API answers them, of made-up resources with tags as people write them.
///
/// The mix of kinds is that of an ordinary account; an item has about 1 KB on average. Every item is a resource of its own.
struct AWSPages {
    /// Items of one page.
    static let itemsPerPage = 100
    /// What the request beside a page says.
    static let hints = IngestHints(accountID: "111122223333", region: "us-east-1")

    private enum Kind: CaseIterable {
        case instances, volumes, interfaces, tagMappings, snapshots, securityGroups, functions

        /// Pages of this kind among 20.
        var share: Int {
            switch self {
            case .instances: 6
            case .volumes: 5
            case .interfaces: 3
            case .tagMappings: 3
            case .snapshots, .securityGroups, .functions: 1
            }
        }
    }

    private static let kinds = Kind.allCases.flatMap { Array(repeating: $0, count: $0.share) }
    private var randomness: Randomness
    private var pageNumber = 0

    init(seed: UInt64 = 1) { randomness = Randomness(seed: seed) }

    /// Enough pages for `resources`; the last one is full too.
    static func pages(resources: Int, seed: UInt64 = 1) -> [[UInt8]] {
        var pages = AWSPages(seed: seed)
        return (0..<(resources + itemsPerPage - 1) / itemsPerPage).map { _ in pages.next() }
    }

    mutating func next() -> [UInt8] {
        // 7 and 20 have no common divisor, so each run of 20 pages holds every kind in its share.
        let kind = Self.kinds[pageNumber * 7 % Self.kinds.count]
        pageNumber += 1
        var page = JSONWriter(reserving: 200_000)
        page.beginObject()
        switch kind {
        case .instances: reservations(&page)
        case .volumes: list("Volumes", &page) { $0.volume(&$1) }
        case .interfaces: list("NetworkInterfaces", &page) { $0.interface(&$1) }
        case .tagMappings: list("ResourceTagMappingList", &page) { $0.tagMapping(&$1) }
        case .snapshots: list("Snapshots", &page) { $0.snapshot(&$1) }
        case .securityGroups: list("SecurityGroups", &page) { $0.securityGroup(&$1) }
        case .functions: list("Functions", &page) { $0.function(&$1) }
        }
        page.endObject()
        return page.bytes
    }

    // MARK: Lists

    private mutating func list(
        _ name: String, _ page: inout JSONWriter, _ item: (inout AWSPages, inout JSONWriter) -> Void
    ) {
        page.key(name)
        page.beginArray()
        for _ in 0..<Self.itemsPerPage {
            page.beginObject()
            item(&self, &page)
            page.endObject()
        }
        page.endArray()
    }

    private mutating func reservations(_ page: inout JSONWriter) {
        page.key("Reservations")
        page.beginArray()
        for _ in 0..<Self.itemsPerPage {
            page.beginObject()
            page.member("ReservationId", "r-" + randomness.hex17())
            page.member("OwnerId", account())
            page.emptyArray("Groups")
            page.key("Instances")
            page.beginArray()
            page.beginObject()
            instance(&page)
            page.endObject()
            page.endArray()
            page.endObject()
        }
        page.endArray()
    }

    // MARK: Items

    private mutating func instance(_ page: inout JSONWriter) {
        let name = name()
        page.member("InstanceId", "i-" + randomness.hex17())
        page.member("ImageId", "ami-" + shared("image", 40))
        page.member("InstanceType", randomness.pick(["t3.micro", "m5.large", "c6i.xlarge", "r6g.2xlarge"]))
        page.member("Architecture", "x86_64")
        page.member("PlatformDetails", "Linux/UNIX")
        page.member(
            "PrivateIpAddress", "10.\(randomness.next() % 256).\(randomness.next() % 256).\(randomness.next() % 256)")
        page.member("LaunchTime", "2026-09-\(10 + randomness.next() % 20)T08:12:37+00:00")
        page.member("RootDeviceName", "/dev/xvda")
        page.member("VpcId", "vpc-" + shared("vpc", 12))
        page.member("SubnetId", "subnet-" + shared("subnet", 60))
        page.key("State")
        page.object { $0.member("Name", "running") }
        page.key("Placement")
        page.object { $0.member("AvailabilityZone", "us-east-1c") }
        page.key("MetadataOptions")
        page.object {
            $0.member("State", "applied")
            $0.member("HttpTokens", "required")
            $0.member("HttpEndpoint", "enabled")
            $0.member("InstanceMetadataTags", "disabled")
        }
        options(&page)
        let interface = "eni-" + randomness.hex17()
        let address = "10.\(randomness.next() % 256).\(randomness.next() % 256).\(randomness.next() % 256)"
        page.key("NetworkInterfaces")
        page.array {
            $0.member("NetworkInterfaceId", interface)
            $0.member("Description", "")
            $0.member("MacAddress", "0e:5b:7c:1f:aa:9d")
            $0.member("PrivateIpAddress", address)
            $0.member("Status", "in-use")
            $0.member("InterfaceType", "interface")
            $0.key("Attachment")
            $0.object {
                $0.member("AttachmentId", "eni-attach-085d0d695460607ca")
                $0.member("Status", "attached")
            }
        }
        page.key("SecurityGroups")
        let group = "sg-" + shared("group", 200)
        page.array { $0.member("GroupId", group) }
        page.key("BlockDeviceMappings")
        let volume = "vol-" + randomness.hex17()
        page.array {
            $0.member("DeviceName", "/dev/xvda")
            $0.key("Ebs")
            $0.object {
                $0.member("VolumeId", volume)
                $0.member("Status", "attached")
            }
        }
        tags("Tags", name, &page)
    }

    /// What every instance has and nobody asks for.
    private func options(_ page: inout JSONWriter) {
        page.member("PrivateDnsName", "ip-10-0-0-1.ec2.internal")
        page.member("PublicDnsName", "")
        page.member("StateTransitionReason", "")
        page.member("ClientToken", "terraform-20260304001335762500000004")
        page.member("VirtualizationType", "hvm")
        page.member("Hypervisor", "xen")
        page.member("RootDeviceType", "ebs")
        page.member("UsageOperation", "RunInstances")
        page.member("CurrentInstanceBootMode", "uefi")
        page.emptyArray("ProductCodes")
        page.key("EnaSupport")
        page.bool(true)
        page.key("CpuOptions")
        page.object {
            $0.key("CoreCount")
            $0.int(2)
            $0.key("ThreadsPerCore")
            $0.int(2)
        }
        page.key("CapacityReservationSpecification")
        page.object { $0.member("CapacityReservationPreference", "open") }
        page.key("Monitoring")
        page.object { $0.member("State", "disabled") }
    }

    private mutating func volume(_ page: inout JSONWriter) {
        let name = name()
        let id = "vol-" + randomness.hex17()
        page.member("VolumeId", id)
        page.member("AvailabilityZone", "us-east-1d")
        page.member("CreateTime", "2026-08-11T12:33:48.724000+00:00")
        page.member("State", "in-use")
        page.member("VolumeType", "gp3")
        page.member("SnapshotId", "snap-" + shared("snapshot", 500))
        page.key("Size")
        page.int(Int(randomness.next() % 500) + 8)
        page.key("Iops")
        page.int(3000)
        page.key("Encrypted")
        page.bool(true)
        page.key("Attachments")
        let instance = "i-" + randomness.hex17()
        page.array {
            $0.member("AttachTime", "2026-08-11T12:33:48+00:00")
            $0.member("Device", "/dev/sda1")
            $0.member("InstanceId", instance)
            $0.member("State", "attached")
            $0.member("VolumeId", id)
        }
        tags("Tags", name, &page)
    }

    private mutating func interface(_ page: inout JSONWriter) {
        let name = name()
        let address = "10.\(randomness.next() % 256).\(randomness.next() % 256).\(randomness.next() % 256)"
        page.member("NetworkInterfaceId", "eni-" + randomness.hex17())
        page.member("OwnerId", account())
        page.member("Status", "in-use")
        page.member("InterfaceType", "interface")
        page.member("AvailabilityZone", "us-east-1a")
        page.member("Description", "Primary network interface")
        page.member("MacAddress", "0e:5b:7c:1f:aa:9d")
        page.member("PrivateIpAddress", address)
        page.member("SubnetId", "subnet-" + shared("subnet", 60))
        page.member("VpcId", "vpc-" + shared("vpc", 12))
        let group = "sg-" + shared("group", 200)
        page.key("Groups")
        page.array {
            $0.member("GroupName", "service")
            $0.member("GroupId", group)
        }
        let instance = "i-" + randomness.hex17()
        page.key("Attachment")
        page.object {
            $0.member("AttachmentId", "eni-attach-085d0d695460607ca")
            $0.member("InstanceId", instance)
            $0.member("Status", "attached")
        }
        tags("TagSet", name, &page)
    }

    private mutating func tagMapping(_ page: inout JSONWriter) {
        let name = name()
        let kind = randomness.pick(["sqs:us-east-1:%:", "dynamodb:us-east-1:%:table/", "logs:us-east-1:%:log-group:/svc/"])
        let prefix = kind.split(separator: "%").joined(separator: account())
        page.member("ResourceARN", "arn:aws:\(prefix)\(name)-\(randomness.hex17())")
        tags("Tags", name, &page)
    }

    private mutating func snapshot(_ page: inout JSONWriter) {
        let name = name()
        page.member("SnapshotId", "snap-" + randomness.hex17())
        page.member("VolumeId", "vol-" + randomness.hex17())
        page.member("OwnerId", account())
        page.member("Description", "Created by the nightly backup of \(name)")
        page.member("StartTime", "2026-10-02T01:00:11.300000+00:00")
        page.member("Progress", "100%")
        page.member("State", "completed")
        page.member("StorageTier", "standard")
        page.key("VolumeSize")
        page.int(100)
        page.key("Encrypted")
        page.bool(true)
        tags("Tags", name, &page)
    }

    private mutating func securityGroup(_ page: inout JSONWriter) {
        let name = name()
        page.member("GroupId", "sg-" + randomness.hex17())
        page.member("GroupName", name)
        page.member("Description", "Managed by Terraform")
        page.member("OwnerId", account())
        page.member("VpcId", "vpc-" + shared("vpc", 12))
        for direction in ["IpPermissions", "IpPermissionsEgress"] {
            page.key(direction)
            page.array {
                $0.member("IpProtocol", "tcp")
                $0.key("FromPort")
                $0.int(443)
                $0.key("ToPort")
                $0.int(443)
                $0.key("IpRanges")
                $0.array { $0.member("CidrIp", "10.0.0.0/8") }
                $0.emptyArray("Ipv6Ranges")
                $0.emptyArray("PrefixListIds")
                $0.emptyArray("UserIdGroupPairs")
            }
        }
        tags("Tags", name, &page)
    }

    private mutating func function(_ page: inout JSONWriter) {
        let name = "\(name())-\(randomness.hex17())"
        let account = account()
        page.member("FunctionName", name)
        page.member("FunctionArn", "arn:aws:lambda:us-east-1:\(account):function:\(name)")
        page.member("Runtime", "python3.12")
        page.member("Role", "arn:aws:iam::\(account):role/\(shared("role", 50))")
        page.member("Handler", "handler.main")
        page.member("Description", "")
        page.member("LastModified", "2026-06-08T04:25:52.895+0000")
        page.member("CodeSha256", "lD/UayWBQclNCPtLONanF0NsCwgfVii9QazqWgmwtIE=")
        page.member("Version", "$LATEST")
        page.member("PackageType", "Zip")
        page.key("CodeSize")
        page.int(20_600)
        page.key("Timeout")
        page.int(30)
        page.key("MemorySize")
        page.int(512)
        page.key("TracingConfig")
        page.object { $0.member("Mode", "PassThrough") }
    }

    // MARK: Values

    private static let applications = [
        "storefront", "cart", "payments", "catalog", "search", "orders", "shipping", "reporting", "identity", "billing",
    ]

    private mutating func account() -> String { randomness.pick(["111122223333", "222233334444", "444455556666"]) }

    private mutating func name() -> String {
        "\(randomness.pick(Self.applications))-\(randomness.pick(["prod", "stg", "dev", "prd"]))-\(randomness.next() % 100)"
    }

    /// One of `count` ids that many items have in common.
    private mutating func shared(_ kind: String, _ count: UInt64) -> String {
        var fixed = Randomness(seed: UInt64(kind.utf8.count) << 32 | randomness.next() % count)
        return fixed.hex17()
    }

    /// Five tags in the spellings that people use.
    private mutating func tags(_ member: String, _ name: String, _ page: inout JSONWriter) {
        let tags = [
            ("Name", name),
            (randomness.pick(["Env", "environment", "ENVIRONMENT"]), randomness.pick(["prd", "Production", "stg", "dev"])),
            (
                randomness.pick(["Owner", "owner-email"]),
                randomness.pick(["ann", "bob", "c.diaz"]) + "@brindlewick.example"
            ),
            (randomness.pick(["Team", "squad"]), randomness.pick(["checkout", "catalog", "platform"])),
            (randomness.pick(["CostCenter", "cost-center"]), randomness.pick(["CC-1010", "1020", "CC2010"])),
        ]
        page.key(member)
        page.beginArray()
        for (key, value) in tags {
            page.object {
                $0.member("Key", key)
                $0.member("Value", value)
            }
        }
        page.endArray()
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    fileprivate mutating func emptyArray(_ name: String) {
        key(name)
        beginArray()
        endArray()
    }

    fileprivate mutating func object(_ members: (inout JSONWriter) -> Void) {
        beginObject()
        members(&self)
        endObject()
    }

    /// An array of one object.
    fileprivate mutating func array(_ members: (inout JSONWriter) -> Void) {
        beginArray()
        object(members)
        endArray()
    }
}
