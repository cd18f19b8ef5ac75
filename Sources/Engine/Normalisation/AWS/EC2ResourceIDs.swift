/// EC2's own ids, which are unique over all accounts and regions: they stand alone as native ids.
enum EC2ResourceIDs {
    /// What ids of a kind begin with; the kind is spelled as in ARNs. Longer beginnings before their own beginnings.
    static let table: [(prefix: StaticString, kind: String)] = [
        ("i-", "instance"),
        ("vol-", "volume"),
        ("vpc-", "vpc"),
        ("subnet-", "subnet"),
        ("sg-", "security-group"),
        ("eni-", "network-interface"),
        ("snap-", "snapshot"),
        ("ami-", "image"),
        ("igw-", "internet-gateway"),
        ("nat-", "natgateway"),
        ("rtb-", "route-table"),
        ("acl-", "network-acl"),
        ("eipalloc-", "elastic-ip"),
        ("lt-", "launch-template"),
        ("vpce-svc-", "vpc-endpoint-service"),
        ("vpce-", "vpc-endpoint"),
        ("pcx-", "vpc-peering-connection"),
        ("tgw-attach-", "transit-gateway-attachment"),
        ("tgw-rtb-", "transit-gateway-route-table"),
        ("tgw-", "transit-gateway"),
        ("vgw-", "vpn-gateway"),
        ("vpn-", "vpn-connection"),
        ("cgw-", "customer-gateway"),
        ("dopt-", "dhcp-options"),
        ("eigw-", "egress-only-internet-gateway"),
        ("cagw-", "carrier-gateway"),
        ("lgw-", "local-gateway"),
        ("fl-", "vpc-flow-log"),
        ("sgr-", "security-group-rule"),
        ("pl-", "prefix-list"),
        ("key-", "key-pair"),
        ("pg-", "placement-group"),
        ("cr-", "capacity-reservation"),
        ("h-", "dedicated-host"),
        ("sir-", "spot-instances-request"),
        ("sfr-", "spot-fleet-request"),
        ("fleet-", "fleet"),
        ("cvpn-endpoint-", "client-vpn-endpoint"),
        ("ipam-pool-", "ipam-pool"),
        ("ipam-", "ipam"),
    ]

    /// The kind of an id such as `vol-0abc…`; nil when it is none of EC2's.
    static func kind(of id: String) -> String? {
        var id = id
        return id.withUTF8 { kind(of: $0) }
    }

    static func kind(of id: UnsafeBufferPointer<UInt8>) -> String? {
        guard id.count >= 3, id.allSatisfy(isIDByte) else { return nil }
        for (prefix, kind) in table where begins(id, with: prefix) && id.count > prefix.utf8CodeUnitCount { return kind }
        return nil
    }

    /// True when an ARN's `kind/name` is such an id in another coat.
    static func standsAlone(kind: String, name: Substring) -> Bool {
        for (prefix, candidate) in table where candidate == kind {
            var name = name
            return name.withUTF8 {
                begins($0, with: prefix) && $0.count > prefix.utf8CodeUnitCount && !$0.contains(UInt8(ascii: "/"))
            }
        }
        return false
    }

    private static func begins(_ id: UnsafeBufferPointer<UInt8>, with prefix: StaticString) -> Bool {
        guard id.count >= prefix.utf8CodeUnitCount else { return false }
        for position in 0..<prefix.utf8CodeUnitCount where id[position] != prefix.utf8Start[position] { return false }
        return true
    }

    /// Kinds whose name is a property of their own; all others are called by their tag `Name`.
    static func hasOwnName(kind: String) -> Bool {
        switch kind {
        case "security-group", "image", "launch-template", "key-pair", "placement-group": true
        default: false
        }
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
