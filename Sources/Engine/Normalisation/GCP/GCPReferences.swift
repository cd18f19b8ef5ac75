import JSON
import Model

/// Gathers the relationships of one resource: what its place in the hierarchy says, and every reference in its description.
struct GCPReferences {
    /// Most relationships kept of one resource.
    static let relationshipsMax = 256
    /// Deepest nesting that is searched.
    static let depthMax = 8

    let project: String?
    let region: String?
    let id: String
    private var found: [(type: RelationshipType, target: String)] = []

    init(project: String?, region: String? = nil, id: String) {
        self.project = project
        self.region = region
        self.id = id
    }

    mutating func relationships(_ targets: inout TargetCache) -> [Relationship] {
        var relationships: [Relationship] = []
        relationships.reserveCapacity(found.count)
        for (type, target) in found {
            let relationship = Relationship(type, to: targets.id(target))
            if !relationships.contains(relationship) { relationships.append(relationship) }
        }
        relationships.sort()
        return relationships
    }

    mutating func add(_ type: RelationshipType, _ reference: JSONView) {
        guard let text = reference.nonEmptyString, let target = GCPCanonicalID.fullName(text) else { return }
        add(type, target)
    }

    private mutating func add(_ type: RelationshipType, _ target: String) {
        guard target != id, found.count < Self.relationshipsMax else { return }
        found.append((type, target))
    }

    // MARK: The hierarchy

    /// The project, and the resource whose part this one is by its name.
    mutating func place(parts: [Substring], project: String?, projectIDs: [String: String]) {
        let isResourceManager = parts.count <= 3 && parts.first == "cloudresourcemanager.googleapis.com"
        if let project, !isResourceManager { add(.inProject, "//cloudresourcemanager.googleapis.com/projects/\(project)") }
        if parts.count > 3, parts[1] == "organizations" || parts[1] == "folders" {
            add(
                parts[1] == "folders" ? .inFolder : .inOrganization,
                "//cloudresourcemanager.googleapis.com/\(parts[1])/\(parts[2])")
        }
        guard parts.count >= 5, parts[0] != "storage.googleapis.com" else { return }
        if let cluster = parts.firstIndex(of: "clusters"), cluster + 2 < parts.count, parts[0] == "container.googleapis.com"
        {
            return add(.inCluster, "//\(parts[...(cluster + 1)].joined(separator: "/"))")
        }
        // The host, then pairs of collection and name; a lone `global` makes the count even.
        guard parts.count % 2 == 1, !GCPServices.isScope(parts[parts.count - 4]) else { return }
        add(.partOf, "//\(parts.dropLast(2).joined(separator: "/"))")
    }

    // MARK: References

    mutating func collect(_ data: JSONView) {
        for (name, value) in data.members { visit(name, value, in: nil, depth: 1) }
    }

    private mutating func visit(_ name: JSONView, _ value: JSONView, in parent: JSONView?, depth: Int) {
        switch value.kind {
        case .string: reference(name, value, in: parent)
        case .array:
            guard depth < Self.depthMax, !Self.isOpaque(name) else { return }
            for element in value.elements {
                if element.isString {
                    reference(name, element, in: parent)
                } else {
                    for (inner, part) in element.members { visit(inner, part, in: name, depth: depth + 1) }
                }
            }
        case .object:
            guard depth < Self.depthMax, !Self.isOpaque(name) else { return }
            if name.equals("metadata"), let items = value["items"] { return instanceMetadata(items) }
            if name.equals("parent"), depth == 1 { return resourceParent(value) }
            for (inner, part) in value.members { visit(inner, part, in: name, depth: depth + 1) }
        case .null, .bool, .int, .double: return
        }
    }

    /// What holds no references of this resource, or only other parties' words.
    private static func isOpaque(_ name: JSONView) -> Bool {
        name.equals("labels") || name.equals("annotations") || name.equals("acl") || name.equals("defaultObjectAcl")
            || name.equals("operation") || name.equals("iamPolicy") || name.equals("licenses")
            || name.equals("guestOsFeatures")
            || name.equals("access")
    }

    /// What an instance group's manager writes into its instances.
    private mutating func instanceMetadata(_ items: JSONView) {
        for item in items.elements {
            guard let key = item["key"], let value = item["value"] else { continue }
            if key.equals("instance-template") { add(.createdFrom, value) }
            if key.equals("created-by") { add(.managedBy, value) }
        }
    }

    /// `{"type": "folder", "id": "389734459213"}` of a project.
    private mutating func resourceParent(_ parent: JSONView) {
        guard let id = GCPFields.text(parent["id"]), let type = parent["type"] else { return }
        if type.equals("folder") { add(.inFolder, "//cloudresourcemanager.googleapis.com/folders/\(id)") }
        if type.equals("organization") { add(.inOrganization, "//cloudresourcemanager.googleapis.com/organizations/\(id)") }
    }

    private mutating func reference(_ name: JSONView, _ value: JSONView, in parent: JSONView?) {
        guard let text = value.utf8, text.count > 2, let first = text.first else { return }
        // Links, relative names and full names begin like this; few members with other values refer to anything.
        let looksLikeName =
            first == UInt8(ascii: "h") || first == UInt8(ascii: "p") || first == UInt8(ascii: "/")
            || first == UInt8(ascii: "f")
            || first == UInt8(ascii: "o")
        if looksLikeName, let target = GCPCanonicalID.fullName(value.string ?? "") {
            guard let type = Self.type(of: name, in: parent, target: target), Self.isResource(target) else { return }
            return add(type, target)
        }
        special(name, value, in: parent)
    }

    /// What a reference means, by the member that holds it. Nil where it says nothing of a relationship.
    private static func type(of name: JSONView, in parent: JSONView?, target: String) -> RelationshipType? {
        if parent?.equals("peerings") == true { return .uses }
        if name.equals("network") || name.equals("privateNetwork") || name.equals("vpcNetwork") { return .inNetwork }
        if name.equals("subnetwork") || name.equals("subnet") { return .inSubnet }
        if name.equals("users") || name.equals("usedBy") { return .attachedTo }
        if name.equals("uri"), parent?.equals("linkedVpcNetwork") == true { return .inNetwork }
        if name.equals("sourceImage") || name.equals("sourceSnapshot") || name.equals("sourceDisk")
            || name.equals("sourceInstanceTemplate") || name.equals("instanceTemplate") || name.equals("sourceMachineImage")
            || name.equals("sourceInstance")
        {
            return .createdFrom
        }
        if name.equals("kmsKeyName") || name.equals("defaultKmsKeyName") || name.equals("kmsKey") || name.equals("keyName") {
            return .encryptedWith
        }
        if name.equals("topic") || name.equals("pubsubTopic")
            || name.equals("resource") && parent?.equals("eventTrigger") == true
        {
            return .subscribesTo
        }
        if name.equals("deadLetterTopic") { return .deliversTo }
        if name.equals("target") || name.equals("backendService") || name.equals("service") || name.equals("defaultService")
            || name.equals("urlMap") || name.equals("group") && parent?.equals("backends") == true
            || name.equals("instances")
        {
            return .routesTo
        }
        if name.equals("hub") || name.equals("group") { return .memberOf }
        if name.equals("securityPolicy") || name.equals("edgeSecurityPolicy") { return .protectedBy }
        if name.equals("database") { return .backupOf }
        if name.equals("instanceGroupManager") { return .managedBy }
        if name.equals("parent") {
            return target.hasPrefix("//cloudresourcemanager.googleapis.com/folders/")
                ? .inFolder
                : target.hasPrefix("//cloudresourcemanager.googleapis.com/organizations/") ? .inOrganization : nil
        }
        if let utf8 = name.utf8, utf8.starts(with: "nextHop".utf8) { return .routesTo }
        if name.equals("selfLink") || name.equals("selfLinkWithId") || name.equals("name") || name.equals("id")
            || name.equals("config") || name.equals("manifest") || name.equals("targetLink")
            || name.equals("latestReadyRevision") || name.equals("latestCreatedRevision") || name.equals("subnetworks")
            || name.equals("instanceUrl")
        {
            return nil
        }
        return .uses
    }

    /// False for machine types, zones and the like, which are in nobody's inventory.
    private static func isResource(_ target: String) -> Bool {
        if target.hasPrefix("//storage.googleapis.com/") || target.hasPrefix("//cloudresourcemanager.googleapis.com/") {
            return true
        }
        let parts = target.slashParts()
        guard parts.count >= 5 else { return false }
        switch parts[parts.count - 2] {
        case "machineTypes", "diskTypes", "acceleratorTypes", "licenses", "zones", "regions", "locations", "operations",
            "nodeTypes", "instanceConfigs":
            return false
        default: return true
        }
    }

    /// Members that refer in words of their own.
    private mutating func special(_ name: JSONView, _ value: JSONView, in parent: JSONView?) {
        guard let first = name.utf8?.first else { return }
        switch first {
        case UInt8(ascii: "e"):
            if name.equals("email"), parent?.equals("serviceAccounts") == true { runsAs(value) }
        case UInt8(ascii: "s"):
            if name.equals("subnetwork"), parent == nil { return subnetwork(value) }
            if name.equals("serviceAccount") || name.equals("serviceAccountEmail") || name.equals("serviceAccountName")
                || name.equals("service_account")
            {
                runsAs(value)
            }
        case UInt8(ascii: "b"):
            if name.equals("bucketName"), let bucket = value.string { add(.routesTo, "//storage.googleapis.com/\(bucket)") }
        case UInt8(ascii: "l"):
            if name.equals("logBucket"), let bucket = value.string { add(.logsTo, "//storage.googleapis.com/\(bucket)") }
        case UInt8(ascii: "d"):
            if name.equals("destination"), let text = value.string, text.contains(".googleapis.com/") {
                add(.deliversTo, "//\(text)")
            }
        case UInt8(ascii: "m"):
            guard name.equals("masterInstanceName"), let text = value.string else { return }
            let parts = text.split(separator: ":")
            guard let instance = parts.last, let project = parts.count > 1 ? String(parts[0]) : project else { return }
            add(.replicaOf, "//cloudsql.googleapis.com/projects/\(project)/instances/\(instance)")
        case UInt8(ascii: "n"):
            // GKE names its network without a path.
            guard name.equals("network"), parent == nil, let network = value.string, !network.contains("/"), let project
            else { return }
            add(.inNetwork, "//compute.googleapis.com/projects/\(project)/global/networks/\(network)")
        default: return
        }
    }

    /// GKE names its subnetwork without a path, too.
    private mutating func subnetwork(_ value: JSONView) {
        guard let name = value.string, !name.contains("/"), let project, let region else { return }
        add(.inSubnet, "//compute.googleapis.com/projects/\(project)/regions/\(region)/subnetworks/\(name)")
    }

    /// `NAME@PROJECT.iam.gserviceaccount.com` says its project; `NUMBER-compute@developer…` is of the resource's own.
    private mutating func runsAs(_ value: JSONView) {
        guard let email = value.string, let at = email.firstIndex(of: "@") else { return }
        let domain = email[email.index(after: at)...]
        let owner: String?
        if let name = domain.droppingSuffix(".iam.gserviceaccount.com") {
            owner = String(name)
        } else if domain == "appspot.gserviceaccount.com" {
            owner = String(email[..<at])
        } else {
            owner = project
        }
        guard let owner else { return }
        add(.runsAs, "//iam.googleapis.com/projects/\(owner)/serviceAccounts/\(email)")
    }
}
