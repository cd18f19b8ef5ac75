import Model
import Testing

@testable import Normalisation

@Suite struct GCPNamesTests {
    @Test(
        "Links, relative names and addresses of a resource have one canonical form",
        arguments: [
            (
                "https://www.googleapis.com/compute/v1/projects/p/zones/z/disks/d",
                "//compute.googleapis.com/projects/p/zones/z/disks/d"
            ),
            (
                "https://compute.googleapis.com/compute/beta/projects/p/global/networks/n",
                "//compute.googleapis.com/projects/p/global/networks/n"
            ),
            ("https://www.googleapis.com/storage/v1/b/bucket", "//storage.googleapis.com/bucket"),
            ("gs://bucket/some/object", "//storage.googleapis.com/bucket"),
            (
                "https://sqladmin.googleapis.com/sql/v1beta4/projects/p/instances/i",
                "//cloudsql.googleapis.com/projects/p/instances/i"
            ),
            (
                "https://www.googleapis.com/sql/v1beta4/projects/p/instances/i",
                "//cloudsql.googleapis.com/projects/p/instances/i"
            ),
            (
                "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
                "//container.googleapis.com/projects/p/locations/l/clusters/c"
            ),
            (
                "https://us-central1-run.googleapis.com/v2/projects/p/locations/l/services/s",
                "//run.googleapis.com/projects/p/locations/l/services/s"
            ),
            ("projects/p/topics/t", "//pubsub.googleapis.com/projects/p/topics/t"),
            ("projects/p/regions/r/subnetworks/s", "//compute.googleapis.com/projects/p/regions/r/subnetworks/s"),
            (
                "projects/p/locations/l/keyRings/k/cryptoKeys/c",
                "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/k/cryptoKeys/c"
            ),
            ("projects/p", "//cloudresourcemanager.googleapis.com/projects/p"),
            ("folders/1", "//cloudresourcemanager.googleapis.com/folders/1"),
            ("//pubsub.googleapis.com/projects/p/topics/t", "//pubsub.googleapis.com/projects/p/topics/t"),
            ("https://example.com/projects/p/topics/t", "https://example.com/projects/p/topics/t"),
            ("projects/", "projects/"), ("projects/p/locations/l", "projects/p/locations/l"), ("name", "name"), ("", ""),
            ("//", "//"),
        ])
    func canonical(text: String, canonical: String) {
        #expect(CanonicalID.canonical(provider: .gcp, text) == canonical)
        #expect(CanonicalID.canonical(provider: .gcp, canonical) == canonical)
    }

    @Test(
        "A type is the same whether it is told from a name or from an asset type",
        arguments: [
            (
                "//compute.googleapis.com/projects/p/zones/z/instances/i", "compute.googleapis.com/Instance",
                "compute.instance"
            ),
            (
                "//compute.googleapis.com/projects/p/global/addresses/a", "compute.googleapis.com/GlobalAddress",
                "compute.address"
            ),
            ("//compute.googleapis.com/projects/p/regions/r/disks/d", "compute.googleapis.com/RegionDisk", "compute.disk"),
            (
                "//compute.googleapis.com/projects/p/global/targetHttpsProxies/t", "compute.googleapis.com/TargetHttpsProxy",
                "compute.targetHttpsProxy"
            ),
            (
                "//compute.googleapis.com/projects/p/global/securityPolicies/s", "compute.googleapis.com/SecurityPolicy",
                "compute.securityPolicy"
            ),
            ("//storage.googleapis.com/b", "storage.googleapis.com/Bucket", "storage.bucket"),
            ("//cloudsql.googleapis.com/projects/p/instances/i", "sqladmin.googleapis.com/Instance", "sqladmin.instance"),
            (
                "//bigtable.googleapis.com/projects/p/instances/i/tables/t", "bigtableadmin.googleapis.com/Table",
                "bigtableadmin.table"
            ),
            (
                "//container.googleapis.com/projects/p/locations/l/clusters/c", "container.googleapis.com/Cluster",
                "container.cluster"
            ),
            (
                "//spanner.googleapis.com/projects/p/instances/i/databases/d", "spanner.googleapis.com/Database",
                "spanner.database"
            ),
            (
                "//cloudfunctions.googleapis.com/projects/p/locations/l/functions/f",
                "cloudfunctions.googleapis.com/CloudFunction", "cloudfunctions.function"
            ),
            ("//logging.googleapis.com/projects/p/sinks/s", "logging.googleapis.com/LogSink", "logging.sink"),
            (
                "//iam.googleapis.com/projects/p/serviceAccounts/s/keys/k", "iam.googleapis.com/ServiceAccountKey",
                "iam.serviceAccountKey"
            ),
            ("//appengine.googleapis.com/apps/a", "appengine.googleapis.com/Application", "appengine.application"),
            (
                "//cloudresourcemanager.googleapis.com/projects/p", "cloudresourcemanager.googleapis.com/Project",
                "cloudresourcemanager.project"
            ),
        ])
    func types(name: String, assetType: String, type: String) {
        #expect(GCPNames.type(ofFullName: name) == type)
        #expect(GCPNames.type(ofAssetType: assetType) == type)
    }

    @Test("A zone lies in its region; other locations are in lower case")
    func regions() {
        #expect(GCPNames.region(ofLocation: "us-central1-a") == "us-central1")
        #expect(
            GCPNames.region(ofLocation: "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b")
                == "europe-west1")
        #expect(GCPNames.region(ofLocation: "us-central1") == "us-central1")
        #expect(GCPNames.region(ofLocation: "US-EAST1") == "us-east1")
        #expect(GCPNames.region(ofLocation: "US") == "us")
        #expect(GCPNames.region(ofLocation: "") == "")
    }

    @Test("Collections have a singular, and it has a plural")
    func numbers() {
        for (plural, singular) in [
            ("instances", "instance"), ("addresses", "address"), ("policies", "policy"), ("databases", "database"),
            ("indexes", "index"), ("caches", "cache"), ("proxies", "proxy"),
        ] {
            #expect(GCPNames.singular(plural[...]) == singular)
            if singular != "cache" { #expect(GCPNames.plural(singular) == plural) }
        }
    }
}
