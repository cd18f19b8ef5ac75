/// EC2's own ids, which are unique over all accounts and regions: they stand alone as native ids.
enum EC2ResourceIDs {
    /// What ids of a kind begin with; the kind is spelled as in ARNs. Longer beginnings before their own beginnings.
    static let table: [(prefix: String, kind: String)] = [
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
    static func kind(of id: some StringProtocol) -> String? {
        for (prefix, kind) in table where id.hasPrefix(prefix) {
            let rest = id.utf8.dropFirst(prefix.utf8.count)
            return rest.isEmpty || rest.contains(where: { !isIDByte($0) }) ? nil : kind
        }
        return nil
    }

    /// True when an ARN's `kind/name` is such an id in another coat.
    static func standsAlone(kind: String, name: Substring) -> Bool {
        for (prefix, candidate) in table where candidate == kind {
            return name.hasPrefix(prefix) && name.utf8.count > prefix.utf8.count && !name.utf8.contains(UInt8(ascii: "/"))
        }
        return false
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
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
