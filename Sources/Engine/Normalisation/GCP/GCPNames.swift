/// What a full resource name tells.
enum GCPNames {
    /// `service.thing`; nil when `name` is no full resource name.
    static func type(ofFullName name: String) -> String? {
        guard name.hasPrefix("//") else { return nil }
        return type(parts: name.slashParts())
    }

    /// The same for the parts of a full resource name, the host first.
    static func type(parts: [Substring]) -> String? {
        guard parts.count >= 2 else { return nil }
        let service = GCPServices.label(ofHost: parts[0])
        switch service {
        case "storage": return parts.count == 2 ? "storage.bucket" : "storage.object"
        case "appengine" where parts.count == 3: return "appengine.application"
        case "iam" where parts[parts.count - 2] == "keys": return "iam.serviceAccountKey"
        default: return "\(service).\(singular(parts.count >= 3 ? parts[parts.count - 2] : parts[1]))"
        }
    }

    /// `compute.instance` of `compute.googleapis.com/Instance`, spelt as for the same thing out of a list call.
    static func type(ofAssetType assetType: String) -> String {
        guard let slash = assetType.firstIndex(of: "/") else { return assetType }
        let service = GCPServices.label(ofHost: assetType[..<slash])
        var thing = assetType[assetType.index(after: slash)...]
        switch service {
        case "compute":
            if let rest = thing.droppingPrefix("Global") ?? thing.droppingPrefix("Region"), rest.first?.isUppercase == true {
                thing = rest
            }
        case "logging": thing = thing.droppingPrefix("Log") ?? thing
        case "cloudfunctions": thing = thing.droppingPrefix("Cloud") ?? thing
        default: break
        }
        return "\(service).\(thing.prefix(1).lowercased())\(thing.dropFirst())"
    }

    /// `policy` of `policies`, `address` of `addresses`, `database` of `databases`.
    static func singular(_ collection: Substring) -> String {
        if collection == "series" { return "series" }
        if collection.hasSuffix("caches"), let stem = collection.droppingSuffix("s") { return String(stem) }
        guard collection.utf8.last == UInt8(ascii: "s"), !collection.hasSuffix("ss") else { return String(collection) }
        if let stem = collection.droppingSuffix("ies") { return stem + "y" }
        for ending in ["sses", "xes", "ches", "shes"] where collection.hasSuffix(ending) {
            return String(collection.droppingSuffix("es") ?? collection)
        }
        return String(collection.droppingSuffix("s") ?? collection)
    }

    /// The other way: `policies` of `policy`.
    static func plural(_ thing: some StringProtocol) -> String {
        if thing.hasSuffix("y"), !thing.hasSuffix("ey"), !thing.hasSuffix("ay") { return thing.dropLast() + "ies" }
        for ending in ["s", "x", "ch", "sh"] where thing.hasSuffix(ending) { return thing + "es" }
        return thing + "s"
    }

    /// `us-central1` of the zone `us-central1-a`; anything else in lower case, as it is.
    static func region(ofLocation location: some StringProtocol) -> String {
        let last = String(location).slashParts().last.map(String.init) ?? ""
        let bytes = Array(last.utf8)
        if bytes.count > 3, bytes[bytes.count - 2] == UInt8(ascii: "-"), isDigit(bytes[bytes.count - 3]),
            !isDigit(bytes[bytes.count - 1])
        {
            return String(last.dropLast(2)).lowercased()
        }
        return last.lowercased()
    }

    /// Ids that mean nothing to a person: numbers and UUIDs.
    static func isOpaque(_ name: Substring) -> Bool {
        let bytes = name.utf8
        if bytes.allSatisfy(isDigit) { return true }
        return bytes.count == 36
            && bytes.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "-") || (0x61...0x66).contains($0 | 0x20) }
    }

    static func isNumber(_ text: some StringProtocol) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isDigit) }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
