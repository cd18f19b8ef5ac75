/// ARM ids compare without regard to case, and services spell them as they like: ours are in lower case, without a slash at the end.
enum AzureCanonicalID {
    /// Longest id in bytes; ARM's own limits lie far below.
    static let bytesMax = 2_048

    static func canonical(_ text: String) -> String {
        var text = text
        let lowered = text.withUTF8 { canonical(utf8: $0) }
        return lowered ?? text.lowercased()
    }

    /// Nil when the text is not ASCII.
    static func canonical(utf8 text: UnsafeBufferPointer<UInt8>) -> String? {
        guard text.allSatisfy({ $0 < 0x80 }) else { return nil }
        let count = text.count > 1 && text.last == UInt8(ascii: "/") ? text.count - 1 : text.count
        return String(unsafeUninitializedCapacity: count) { target in
            for index in 0..<count {
                let byte = text[index]
                target[index] = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
            }
            return count
        }
    }

    /// Whether the text begins like the id of something in a subscription.
    static func isReference(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let prefix: StaticString = "/subscriptions/"
        guard text.count > prefix.utf8CodeUnitCount, text.count <= bytesMax, text[0] == UInt8(ascii: "/") else {
            return false
        }
        for index in 1..<prefix.utf8CodeUnitCount where text[index] | 0x20 != prefix.utf8Start[index] | 0x20 { return false }
        return true
    }
}

/// The parts of a canonical ARM id.
struct AzureName {
    let id: String
    /// Without the empty one before the first slash.
    let parts: [Substring]

    /// `id` must be canonical.
    init(_ id: String) {
        self.id = id
        parts = id.slashParts()
    }

    var subscription: String? {
        parts.count >= 2 && parts[0] == "subscriptions" ? String(parts[1]) : nil
    }

    var subscriptionID: String? { subscription.map { "/subscriptions/\($0)" } }

    var resourceGroupID: String? {
        guard parts.count > 4, parts[0] == "subscriptions", parts[2] == "resourcegroups" else { return nil }
        return "/\(parts[0])/\(parts[1])/\(parts[2])/\(parts[3])"
    }

    var resourceGroup: String? {
        parts.count >= 4 && parts[0] == "subscriptions" && parts[2] == "resourcegroups" ? String(parts[3]) : nil
    }

    /// `microsoft.sql/servers/databases`, from the last provider in the id.
    var type: String? {
        guard let provider = parts.lastIndex(of: "providers"), provider + 2 < parts.count else {
            switch parts.count {
            case 2 where parts[0] == "subscriptions": return "microsoft.resources/subscriptions"
            case 4 where parts[2] == "resourcegroups": return "microsoft.resources/resourcegroups"
            default: return nil
            }
        }
        var type = String(parts[provider + 1])
        for position in stride(from: provider + 2, to: parts.count, by: 2) { type += "/\(parts[position])" }
        return type
    }

    /// The resource that this one is a child or an extension of.
    var parentID: String? {
        guard let provider = parts.lastIndex(of: "providers") else { return nil }
        if parts.count - provider > 4, parts[parts.count - 4] != "locations" {
            return "/\(parts.dropLast(2).joined(separator: "/"))"
        }
        // An extension of a resource has that resource's provider before its own.
        guard parts[..<provider].contains("providers") else { return nil }
        return "/\(parts[..<provider].joined(separator: "/"))"
    }

    /// The resource itself, or the one that it is a mere setting of: an IP configuration, a backend pool, a rule.
    var owner: String {
        guard let provider = parts.lastIndex(of: "providers") else { return id }
        for position in stride(from: provider + 4, to: parts.count, by: 2) where Self.isSetting(parts[position]) {
            return "/\(parts[..<position].joined(separator: "/"))"
        }
        return id
    }

    private static func isSetting(_ collection: Substring) -> Bool {
        switch collection {
        case "ipconfigurations", "frontendipconfigurations", "backendaddresspools", "inboundnatrules", "inboundnatpools",
            "loadbalancingrules", "outboundrules", "probes", "httplisteners", "frontendports",
            "backendhttpsettingscollection", "requestroutingrules", "gatewayipconfigurations", "urlpathmaps",
            "sslcertificates", "authorizationrules", "securityrules", "defaultsecurityrules", "privateendpointconnections",
            "backendpools", "frontendendpoints", "healthprobesettings", "loadbalancingsettings", "routingrules",
            "networkinterfaceconfigurations", "routes":
            true
        default: false
        }
    }
}
