import JSON
import Model

/// The members of a resource that decide who it is, found in one pass.
struct GCPFields {
    var name: JSONView?
    var displayName: JSONView?
    var selfLink: JSONView?
    var kind: JSONView?
    var id: JSONView?
    var labels: JSONView?
    var resourceLabels: JSONView?
    var settings: JSONView?
    var metadata: JSONView?
    var location: JSONView?
    var locationID: JSONView?
    var region: JSONView?
    var zone: JSONView?
    var projectID: JSONView?
    var projectNumber: JSONView?
    var lifecycleState: JSONView?
    var apiVersion: JSONView?
    var email: JSONView?
    var priority: JSONView?
    var datasetReference: JSONView?
    var tableReference: JSONView?

    init(_ item: JSONView) {
        for (key, value) in item.members {
            guard let first = key.utf8?.first else { continue }
            switch first {
            case UInt8(ascii: "a"): if key.equals("apiVersion") { apiVersion = value }
            case UInt8(ascii: "d"):
                if key.equals("displayName") { displayName = value }
                if key.equals("datasetReference") { datasetReference = value }
            case UInt8(ascii: "e"): if key.equals("email") { email = value }
            case UInt8(ascii: "i"): if key.equals("id") { id = value }
            case UInt8(ascii: "k"): if key.equals("kind") { kind = value }
            case UInt8(ascii: "l"):
                if key.equals("labels") { labels = value }
                if key.equals("location") { location = value }
                if key.equals("locationId") { locationID = value }
                if key.equals("lifecycleState") { lifecycleState = value }
            case UInt8(ascii: "m"): if key.equals("metadata") { metadata = value }
            case UInt8(ascii: "n"): if key.equals("name") { name = value }
            case UInt8(ascii: "p"):
                if key.equals("projectId") || key.equals("project") && projectID == nil { projectID = value }
                if key.equals("projectNumber") { projectNumber = value }
                if key.equals("priority") { priority = value }
            case UInt8(ascii: "r"):
                if key.equals("region") { region = value }
                if key.equals("resourceLabels") { resourceLabels = value }
            case UInt8(ascii: "s"):
                if key.equals("selfLink") { selfLink = value }
                if key.equals("settings") { settings = value }
            case UInt8(ascii: "t"): if key.equals("tableReference") { tableReference = value }
            case UInt8(ascii: "z"): if key.equals("zone") { zone = value }
            default: break
            }
        }
    }

    /// The labels, wherever this kind of resource has them (Deployment Manager has them as a list); none is the empty list, because answers leave an empty map out.
    /// The `tags` of Compute Engine are network tags and no labels.
    var tags: TagList {
        for view in [labels, resourceLabels, settings?["userLabels"], metadata?["labels"]] {
            if let view, let tags = TagShapes.tags(view) { return tags }
        }
        return TagList()
    }

    /// A number or a text.
    static func text(_ view: JSONView?) -> String? {
        guard let view else { return nil }
        return view.nonEmptyString ?? view.int.map { $0.description }
    }
}

extension GCPReader {
    /// A resource as its own API prints it.
    mutating func described(_ item: JSONView, key: String?, refusal: inout String) -> Observation? {
        let fields = GCPFields(item)
        guard let id = identity(fields, key: key) else {
            refusal =
                "no full name can be told: the item has no `selfLink`, and its `name` does not say its service or project"
            return nil
        }
        let parts = id.slashParts()
        guard parts.count >= 2 else {
            refusal = "`\(id)` names no resource"
            return nil
        }
        return observation(id: id, parts: parts, type: type(parts), item: item, fields: fields)
    }

    /// Puts together what a full description says. `data` is the resource's own representation.
    mutating func observation(
        id: String, parts: [Substring], type: String?, item data: JSONView, fields: GCPFields
    ) -> Observation {
        let project = self.project(parts: parts, fields)
        let region = self.region(parts: parts, fields)
        var references = GCPReferences(project: project, region: region, id: id)
        references.collect(data)
        references.place(parts: parts, project: project, projectIDs: projectIDs)
        return Observation(
            .described, provider: .gcp, resourceID: id, resourceType: type, name: name(parts: parts, fields),
            accountID: project, region: region, nativeTags: fields.tags, metadata: metadata(data),
            relationships: references.relationships(&targets), statedTypes: .all)
    }

    /// The resources of a list are of one type.
    private mutating func type(_ parts: [Substring]) -> String? {
        guard parts.count >= 4 else { return GCPNames.type(parts: parts) }
        let collection = parts[parts.count - 2]
        if let last = lastType, last.collection == collection, last.host == parts[0] { return last.type }
        let type = GCPNames.type(parts: parts)
        lastType = type.map { (parts[0], collection, $0) }
        return type
    }

    // MARK: Who it is

    /// The full resource name.
    private func identity(_ fields: GCPFields, key: String?) -> String? {
        if let project = fields.projectID?.nonEmptyString, fields.projectNumber != nil || fields.lifecycleState != nil {
            return "//cloudresourcemanager.googleapis.com/projects/\(project)"
        }
        if let link = fields.selfLink?.nonEmptyString, let name = GCPCanonicalID.fullName(link) {
            return account(name, fields)
        }
        if let name = fields.name?.nonEmptyString {
            if let full = GCPCanonicalID.fullName(name, service: service) { return account(full, fields) }
        }
        if let reference = fields.tableReference ?? fields.datasetReference { return bigQuery(reference) }
        if let name = fields.metadata?["name"]?.nonEmptyString { return knative(name, fields) }
        return assembled(fields, key: key)
    }

    /// Service accounts are named by their e-mail address: that is how others refer to them.
    func account(_ name: String, _ fields: GCPFields) -> String {
        guard let email = fields.email?.nonEmptyString, name.hasPrefix("//iam.googleapis.com/"),
            let slash = name.lastIndex(of: "/"), name[..<slash].hasSuffix("/serviceAccounts")
        else { return name }
        return "\(name[...slash])\(email)"
    }

    private func bigQuery(_ reference: JSONView) -> String? {
        guard let project = reference["projectId"]?.nonEmptyString, let dataset = reference["datasetId"]?.nonEmptyString
        else {
            return nil
        }
        let name = "//bigquery.googleapis.com/projects/\(project)/datasets/\(dataset)"
        guard let table = reference["tableId"]?.nonEmptyString else { return name }
        return "\(name)/tables/\(table)"
    }

    /// Cloud Run's first API speaks as Knative does.
    private func knative(_ name: String, _ fields: GCPFields) -> String? {
        guard let kind = fields.kind?.nonEmptyString ?? collection.map({ GCPNames.singular($0[...]) }) else { return nil }
        let project = fields.metadata?["namespace"]?.nonEmptyString ?? hints.accountID ?? "-"
        let location = fields.metadata?["labels"]?["cloud.googleapis.com/location"]?.nonEmptyString ?? hints.region ?? "-"
        let collection = GCPNames.plural(kind.prefix(1).lowercased() + kind.dropFirst())
        return "//run.googleapis.com/projects/\(project)/locations/\(location)/\(collection)/\(name)"
    }

    /// From a bare name, the list's key or the kind, and the hints. A project that nothing tells is `-`.
    private func assembled(_ fields: GCPFields, key: String?) -> String? {
        var service = service
        var collection = key ?? self.collection
        if let kind = fields.kind?.string, let mark = kind.firstIndex(of: "#") {
            service = service ?? String(kind[..<mark])
            collection = collection ?? GCPNames.plural(kind[kind.index(after: mark)...])
        }
        guard let collection else { return nil }
        let project = fields.projectID?.nonEmptyString ?? hints.accountID ?? "-"
        if collection == "ingressRules", let priority = GCPFields.text(fields.priority) {
            return "//appengine.googleapis.com/apps/\(project)/firewall/ingressRules/\(priority)"
        }
        let isJob = service == "dataflow" || service == nil && collection == "jobs"
        guard let name = isJob ? GCPFields.text(fields.id) : fields.name?.nonEmptyString ?? GCPFields.text(fields.id),
            !name.contains("://"), name.utf8.count <= GCPCanonicalID.bytesMax
        else { return nil }
        if collection == "buckets", service == nil || service == "storage" { return "//storage.googleapis.com/\(name)" }
        let relative: String
        if let location = fields.location?.nonEmptyString, isJob {
            relative = "projects/\(project)/locations/\(location)/\(collection)/\(name)"
        } else {
            relative = "projects/\(project)/\(collection)/\(name)"
        }
        let parts = relative.slashParts()
        return "//\(GCPServices.host(service ?? GCPServices.service(ofRelative: parts) ?? "unknown"))/\(relative)"
    }

    // MARK: What it says

    /// The project's id where it is known, else its number.
    func project(parts: [Substring], _ fields: GCPFields) -> String? {
        var project: String?
        if parts.count >= 3, parts[1] == "projects" || parts[1] == "apps", parts[2] != "-" { project = String(parts[2]) }
        if project == nil || GCPNames.isNumber(project ?? ""), let named = fields.projectID?.nonEmptyString {
            project = named.slashParts().last.map(String.init)
        }
        if let known = project ?? GCPFields.text(fields.projectNumber) {
            guard GCPNames.isNumber(known) else { return known }
            return projectIDs[known] ?? hints.accountID ?? known
        }
        return hints.accountID
    }

    private func name(parts: [Substring], _ fields: GCPFields) -> String? {
        guard let last = parts.last else { return nil }
        let shown = fields.displayName?.nonEmptyString
        if parts[0] == "cloudresourcemanager.googleapis.com", parts.count == 3 {
            let plain = fields.name?.nonEmptyString
            return shown ?? (plain?.contains("/") == false ? plain : nil) ?? String(last)
        }
        if !GCPNames.isOpaque(last) { return String(last) }
        let plain = fields.name?.nonEmptyString
        return shown ?? (plain?.contains("/") == false ? plain : nil) ?? String(last)
    }

    private func region(parts: [Substring], _ fields: GCPFields) -> String? {
        for (position, part) in parts.enumerated() where position > 0 {
            if part == "global" { return "global" }
            if position + 1 < parts.count, part == "zones" || part == "regions" || part == "locations" {
                return parts[position + 1] == "-" ? hints.region : GCPNames.region(ofLocation: parts[position + 1])
            }
        }
        for view in [fields.location, fields.locationID, fields.region, fields.zone] {
            if let text = view?.nonEmptyString { return GCPNames.region(ofLocation: text) }
        }
        return hints.region
    }

    /// Everything but what has a field of its own; of links only what they point to.
    private func metadata(_ data: JSONView) -> JSONText {
        var builder = MetadataBuilder()
        for (name, value) in data.members {
            guard let key = name.utf8, !Self.isOmitted(name) else { continue }
            if let link = Self.shortened(name), let text = value.string {
                builder.add(link, text.slashParts().last.map(String.init) ?? text)
            } else {
                builder.add(key, value)
            }
        }
        return builder.finish()
    }

    /// Members that Compute Engine fills with links to what people know by its last part.
    private static func shortened(_ name: JSONView) -> StaticString? {
        for known in ["machineType", "zone", "region", "type"] as [StaticString] where name.equals(known) { return known }
        return nil
    }

    private static func isOmitted(_ name: JSONView) -> Bool {
        guard let first = name.utf8?.first else { return true }
        switch first {
        case UInt8(ascii: "l"): return name.equals("labels") || name.equals("labelFingerprint")
        case UInt8(ascii: "n"): return name.equals("name")
        case UInt8(ascii: "s"): return name.equals("selfLink") || name.equals("selfLinkWithId")
        case UInt8(ascii: "r"): return name.equals("resourceLabels")
        case UInt8(ascii: "e"): return name.equals("etag")
        case UInt8(ascii: "a"): return name.equals("acl")
        case UInt8(ascii: "d"): return name.equals("defaultObjectAcl")
        case UInt8(ascii: "f"): return name.equals("fingerprint")
        case UInt8(ascii: "p"): return name.equals("pemCertificate")
        default: return false
        }
    }
}
