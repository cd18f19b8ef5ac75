import JSON
import Model

extension GCPReader {
    /// An asset of Cloud Asset Inventory: an export's line, a feed's, or a result of `searchAllResources`.
    mutating func asset(_ asset: JSONView, refusal: inout String) -> Observation? {
        guard let name = asset["name"]?.nonEmptyString, name.hasPrefix("//"), name.utf8.count <= GCPCanonicalID.bytesMax
        else {
            refusal = "the asset has no `name` that begins with `//`"
            return nil
        }
        guard name.slashParts().count >= 2 else {
            refusal = "the asset's `name` names no resource"
            return nil
        }
        let assetType = asset["assetType"]?.nonEmptyString ?? asset["asset_type"]?.nonEmptyString
        if let data = asset["resource"]?["data"], data.isObject {
            return exported(asset, name: name, assetType: assetType, data: data)
        }
        return found(asset, name: name, assetType: assetType)
    }

    /// With the resource's own representation in `resource.data`.
    private mutating func exported(
        _ asset: JSONView, name: String, assetType: String?, data: JSONView
    ) -> Observation {
        let fields = GCPFields(data)
        let id = identity(ofAsset: name, fields)
        let parts = id.slashParts()
        let type = assetType.map(GCPNames.type(ofAssetType:)) ?? GCPNames.type(parts: parts)
        var observation = self.observation(id: id, parts: parts, type: type, item: data, fields: fields)
        var region = observation.region
        if region == nil, let location = asset.at("resource", "location")?.nonEmptyString {
            region = GCPNames.region(ofLocation: location)
        }
        observation.region = region
        let parent = asset.at("resource", "parent")?.nonEmptyString
        lineage(asset["ancestors"], parent: parent, of: &observation)
        return observation
    }

    /// Without it: what the index of Cloud Asset Inventory keeps.
    private mutating func found(_ asset: JSONView, name: String, assetType: String?) -> Observation {
        let fields = GCPFields(asset)
        let id = identity(ofAsset: name, fields)
        let parts = id.slashParts()
        let isSearchResult = asset["project"] != nil || asset["displayName"] != nil || asset["parentFullResourceName"] != nil
        let project = self.project(parts: parts, fields)
        var references = GCPReferences(project: project, id: id)
        references.place(parts: parts, project: project, projectIDs: projectIDs)
        for view in [asset["kmsKey"], asset["kmsKeys"]] {
            guard let view else { continue }
            references.add(.encryptedWith, view)
            for key in view.elements { references.add(.encryptedWith, key) }
        }
        var metadata = MetadataBuilder()
        if let view = asset["additionalAttributes"] { metadata.add(membersOf: view) }
        for key in ["state", "createTime", "updateTime", "networkTags", "description"] as [StaticString] {
            if let view = asset[key] { metadata.add(key, view) }
        }
        var stated = RelationshipTypes(.inProject, .partOf)
        if asset["kmsKey"] != nil || asset["kmsKeys"] != nil { stated.insert(.encryptedWith) }
        var observation = Observation(
            isSearchResult ? .described : .partial, provider: .gcp, resourceID: id,
            resourceType: assetType.map(GCPNames.type(ofAssetType:)) ?? GCPNames.type(parts: parts),
            name: parts.last.map { GCPNames.isOpaque($0) ? fields.displayName?.nonEmptyString ?? String($0) : String($0) },
            accountID: project, region: fields.location?.nonEmptyString.map { GCPNames.region(ofLocation: $0) },
            nativeTags: isSearchResult ? fields.tags : nil, metadata: isSearchResult ? metadata.finish() : nil,
            relationships: references.relationships(&targets), statedTypes: stated)
        lineage(asset["ancestors"], parent: asset["parentFullResourceName"]?.nonEmptyString, of: &observation)
        return observation
    }

    /// Inventories name projects by number and service accounts by unique id; the rest of the world by project id and address.
    private func identity(ofAsset name: String, _ fields: GCPFields) -> String {
        if name.hasPrefix("//cloudresourcemanager.googleapis.com/projects/"), let project = fields.projectID?.nonEmptyString,
            !project.contains("/")
        {
            return "//cloudresourcemanager.googleapis.com/projects/\(project)"
        }
        return account(name, fields)
    }

    /// The folder or organization that a project, a folder or a resource outside any project is in; and the project, where
    /// only the inventory tells it.
    private mutating func lineage(_ ancestors: JSONView?, parent: String?, of observation: inout Observation) {
        var candidates = (ancestors?.elements.compactMap { $0.string }) ?? []
        if let parent, candidates.isEmpty, let root = parent.droppingPrefix("//cloudresourcemanager.googleapis.com/") {
            candidates = [String(root)]
        }
        var seen = Set(observation.relationships.map(\.type))
        for ancestor in candidates {
            let parts = ancestor.slashParts()
            guard parts.count == 2 else { continue }
            var id = String(parts[1])
            let type: RelationshipType
            switch parts[0] {
            case "projects":
                type = .inProject
                id = projectIDs[id] ?? (GCPNames.isNumber(id) ? hints.accountID : nil) ?? id
                if observation.accountID == nil { observation.accountID = id }
            case "folders": type = .inFolder
            case "organizations": type = .inOrganization
            default: continue
            }
            let target = "//cloudresourcemanager.googleapis.com/\(parts[0])/\(id)"
            guard target != observation.resourceID,
                type != .inProject || observation.resourceType != "cloudresourcemanager.project",
                seen.insert(type).inserted
            else { continue }
            observation.relationships.append(Relationship(type, to: targets.id(target)))
            observation.statedTypes.insert(type)
        }
        observation.relationships.sort()
    }
}
