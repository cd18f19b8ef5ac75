/// Which of Google's services a name belongs to.
enum GCPServices {
    /// The host in full resource names, which for two services is not that of their API.
    static func host(_ service: String) -> String {
        switch service {
        case "sql", "sqladmin", "cloudsql": "cloudsql.googleapis.com"
        case "bigtableadmin", "bigtable": "bigtable.googleapis.com"
        default: service + ".googleapis.com"
        }
    }

    /// The service as types spell it, from a host or from the left half of an asset type.
    static func label(ofHost host: Substring) -> String {
        switch host {
        case "cloudsql.googleapis.com": return "sqladmin"
        case "bigtable.googleapis.com": return "bigtableadmin"
        default: return String(host.droppingSuffix(".googleapis.com") ?? host.droppingSuffix(".io") ?? host)
        }
    }

    /// Where a relative name begins.
    static func isRoot(_ part: Substring) -> Bool {
        switch part {
        case "projects", "organizations", "folders", "apps": true
        default: false
        }
    }

    static func beginsAtRoot(_ text: String) -> Bool {
        text.hasPrefix("projects/") || text.hasPrefix("folders/") || text.hasPrefix("organizations/")
            || text.hasPrefix("apps/")
    }

    /// Path components under which resources lie without being resources themselves.
    static func isScope(_ part: some StringProtocol) -> Bool {
        switch part {
        case "zones", "regions", "locations", "global", "projects", "folders", "organizations": true
        default: false
        }
    }

    /// Projects, folders and organizations themselves.
    static func resourceManager(_ parts: [Substring]) -> String? {
        guard parts.count == 2 else { return nil }
        return parts[0] == "apps" ? "appengine" : "cloudresourcemanager"
    }

    /// The service that a relative name is most likely of; nil for a scope, or when there is no telling.
    static func service(ofRelative parts: [Substring]) -> String? {
        if parts.first == "apps" { return "appengine" }
        guard parts.count >= 4 else { return nil }
        if parts[0] != "projects" { return ofOrganization[String(parts[2])] ?? "unknown" }
        switch parts[2] {
        case "global": return "compute"
        case "zones":
            guard parts.count >= 6 else { return nil }
            return parts[4] == "clusters" ? "container" : "compute"
        case "regions":
            guard parts.count >= 6 else { return nil }
            return ofDataproc.contains(String(parts[4])) ? "dataproc" : "compute"
        case "locations":
            guard parts.count >= 6 else { return nil }
            return ofLocation[String(parts[4])] ?? "unknown"
        case "instances" where parts.count >= 6:
            return parts[4] == "databases" || parts[4] == "backups" ? "spanner" : "bigtableadmin"
        default: return ofProject[String(parts[2])] ?? "unknown"
        }
    }

    private static let ofDataproc: Set<String> = ["clusters", "jobs", "workflowTemplates", "autoscalingPolicies"]

    private static let ofOrganization = [
        "sources": "securitycenter", "contacts": "essentialcontacts", "roles": "iam", "policies": "orgpolicy",
        "sinks": "logging",
    ]

    /// `projects/P/COLLECTION/…`
    private static let ofProject = [
        "topics": "pubsub", "subscriptions": "pubsub", "snapshots": "pubsub", "schemas": "pubsub",
        "serviceAccounts": "iam", "roles": "iam", "secrets": "secretmanager", "databases": "firestore",
        "instances": "spanner", "alertPolicies": "monitoring", "notificationChannels": "monitoring", "models": "ml",
        "datasets": "bigquery", "managedZones": "dns", "policies": "dns", "sinks": "logging", "metrics": "logging",
        "patchDeployments": "osconfig", "services": "serviceusage", "uptimeCheckConfigs": "monitoring",
        "dashboards": "monitoring", "triggers": "cloudbuild", "builds": "cloudbuild",
    ]

    /// `projects/P/locations/L/COLLECTION/…`
    private static let ofLocation = [
        "functions": "cloudfunctions", "keyRings": "cloudkms", "services": "run", "jobs": "run", "clusters": "container",
        "endpoints": "aiplatform", "models": "aiplatform", "datasets": "aiplatform", "customJobs": "aiplatform",
        "batchPredictionJobs": "aiplatform", "pipelineJobs": "aiplatform", "certificates": "certificatemanager",
        "certificateMaps": "certificatemanager", "dnsAuthorizations": "certificatemanager", "spokes": "networkconnectivity",
        "hubs": "networkconnectivity", "keys": "apikeys", "repositories": "artifactregistry", "queues": "cloudtasks",
        "workflows": "workflows", "connectors": "vpcaccess", "triggers": "eventarc", "builds": "cloudbuild",
        "instances": "redis", "environments": "composer", "buckets": "logging", "secrets": "secretmanager",
        "workloadIdentityPools": "iam", "connections": "cloudbuild", "lakes": "dataplex", "runtimes": "notebooks",
    ]
}
