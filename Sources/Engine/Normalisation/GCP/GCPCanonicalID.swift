/// Google Cloud's full resource names (https://cloud.google.com/asset-inventory/docs/asset-names):
/// `//compute.googleapis.com/projects/p/zones/z/instances/i`.
enum GCPCanonicalID {
    /// Longest name or link in bytes; Google's own limits lie below.
    static let bytesMax = 2_048

    /// The full resource name of a self link, a `gs://` address or a relative name whose service can be told.
    /// Text that is none of these stays as it is.
    static func canonical(_ text: String) -> String { fullName(text) ?? text }

    /// The same; nil when `text` names no resource. `service` is whose relative names `text` may be.
    static func fullName(_ text: String, service: String? = nil) -> String? {
        guard text.utf8.count <= bytesMax else { return nil }
        if text.hasPrefix("//") { return text.utf8.count > 2 ? text : nil }
        if text.hasPrefix(computeLink) { return compute(text.utf8.dropFirst(computeLink.utf8.count)) }
        if text.hasPrefix("https://") { return name(ofLink: text.utf8.dropFirst("https://".utf8.count)) }
        if text.hasPrefix("gs://") {
            return text.droppingPrefix("gs://").map(String.init)?.slashParts().first.map { "//storage.googleapis.com/\($0)" }
        }
        guard GCPServices.beginsAtRoot(text) else { return nil }
        let parts = text.slashParts()
        guard parts.count >= 2, !parts[1].isEmpty else { return nil }
        guard let service = GCPServices.resourceManager(parts) ?? service ?? GCPServices.service(ofRelative: parts) else {
            return nil
        }
        return "//\(GCPServices.host(service))/\(text)"
    }

    private static let computeLink = "https://www.googleapis.com/compute/v1/"

    private static func compute(_ path: Substring.UTF8View) -> String? {
        path.isEmpty ? nil : "//compute.googleapis.com/\(Substring(path))"
    }

    /// `HOST/[SERVICE/]VERSION/projects/…`, without the scheme.
    private static func name(ofLink link: Substring.UTF8View) -> String? {
        var parts = String(Substring(link)).slashParts()
        guard parts.count >= 2, let label = parts.removeFirst().droppingSuffix(".googleapis.com") else { return nil }
        // Regional endpoints: `us-central1-run`.
        let dash = label.utf8.lastIndex(of: UInt8(ascii: "-"))
        var service = String(dash.map { label[label.utf8.index(after: $0)...] } ?? label)
        if service == "www" || service == "content" { service = String(parts[0]) }
        if service == "storage" { return bucket(parts) }
        guard let root = parts.firstIndex(where: GCPServices.isRoot), root <= 3, parts.count >= root + 2 else { return nil }
        return "//\(GCPServices.host(service))/\(parts[root...].joined(separator: "/"))"
    }

    /// `[storage/]v1/b/NAME[/o/OBJECT]`, or `NAME/OBJECT` of the XML API.
    private static func bucket(_ parts: [Substring]) -> String? {
        guard let mark = parts.firstIndex(of: "b"), mark + 1 < parts.count else {
            return parts.first.map { "//storage.googleapis.com/\($0)" }
        }
        return "//storage.googleapis.com/\(parts[mark + 1])"
    }
}
