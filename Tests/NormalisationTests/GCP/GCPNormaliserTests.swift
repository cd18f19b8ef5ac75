import JSON
import Model
import Normalisation
import Testing

func gcp(_ name: String) -> ResourceID { ResourceID(provider: .gcp, nativeID: name) }

private func normalisedGCP(_ text: String, operation: String? = nil, account: String? = nil) throws -> NormalisedPayload {
    try normalised(text, provider: .gcp, account: account, operation: operation)
}

@Suite struct GCPNormaliserTests {
    static let project = "//cloudresourcemanager.googleapis.com/projects/p"

    @Test("An instance of an aggregated list has labels, place, and relationships")
    func instance() throws {
        let link = "https://www.googleapis.com/compute/v1/projects/p"
        let payload = try normalisedGCP(
            """
            {"kind":"compute#instanceAggregatedList","items":{
             "zones/us-east1-b":{"warning":{"code":"NO_RESULTS_ON_PAGE","data":[{"key":"scope","value":"zones/us-east1-b"}]}},
             "zones/us-central1-a":{"instances":[{"kind":"compute#instance","name":"web-1","selfLink":"\(link)/zones/us-central1-a/instances/web-1",
              "labels":{"env":"prod"},"tags":{"items":["http-server"]},"zone":"\(link)/zones/us-central1-a",
              "machineType":"\(link)/zones/us-central1-a/machineTypes/e2-small","status":"RUNNING",
              "disks":[{"source":"\(link)/zones/us-central1-a/disks/web-1","licenses":["\(link)/global/licenses/x"]}],
              "networkInterfaces":[{"network":"\(link)/global/networks/default","subnetwork":"\(link)/regions/us-central1/subnetworks/s"}],
              "serviceAccounts":[{"email":"web@p.iam.gserviceaccount.com"}],
              "metadata":{"items":[{"key":"instance-template","value":"projects/p/global/instanceTemplates/t"}]}}]}}}
            """)
        #expect(payload.items == 1 && payload.rejects.isEmpty)
        let instance = try #require(payload.first("//compute.googleapis.com/projects/p/zones/us-central1-a/instances/web-1"))
        #expect(instance.resourceType == "compute.instance" && instance.name == "web-1" && instance.kind == .described)
        #expect(instance.accountID == "p" && instance.region == "us-central1")
        #expect(instance.nativeTags == TagList([Tag("env", "prod")]))
        #expect(instance.targets(.inNetwork) == [gcp("//compute.googleapis.com/projects/p/global/networks/default")])
        #expect(
            instance.targets(.inSubnet) == [gcp("//compute.googleapis.com/projects/p/regions/us-central1/subnetworks/s")])
        #expect(instance.targets(.uses) == [gcp("//compute.googleapis.com/projects/p/zones/us-central1-a/disks/web-1")])
        #expect(
            instance.targets(.runsAs) == [
                gcp("//iam.googleapis.com/projects/p/serviceAccounts/web@p.iam.gserviceaccount.com")
            ])
        #expect(instance.targets(.createdFrom) == [gcp("//compute.googleapis.com/projects/p/global/instanceTemplates/t")])
        #expect(instance.targets(.inProject) == [gcp(Self.project)])
        #expect(instance.relationships.count == 6)
        #expect(instance.metadataValue?["status"]?.string == "RUNNING")
        #expect(instance.metadataValue?["machineType"]?.string == "e2-small")
    }

    @Test("A disk is attached to its users and created from its image")
    func disk() throws {
        let link = "https://www.googleapis.com/compute/v1/projects/p"
        let disk = try #require(
            try normalisedGCP(
                """
                {"items":[{"kind":"compute#disk","selfLink":"\(link)/zones/z-a/disks/d","name":"d","users":["\(link)/zones/z-a/instances/i"],
                 "sourceImage":"https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/debian-12",
                 "diskEncryptionKey":{"kmsKeyName":"projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"}}]}
                """
            ).observations.first)
        #expect(disk.targets(.attachedTo) == [gcp("//compute.googleapis.com/projects/p/zones/z-a/instances/i")])
        #expect(
            disk.targets(.createdFrom) == [gcp("//compute.googleapis.com/projects/debian-cloud/global/images/debian-12")])
        #expect(disk.targets(.encryptedWith).count == 1)
    }

    @Test(
        "Each service's shape gives its full resource name",
        arguments: [
            (#"{"topics":[{"name":"projects/p/topics/t"}]}"#, nil, "//pubsub.googleapis.com/projects/p/topics/t"),
            (
                #"{"things":[{"name":"projects/p/locations/l/things/t"}]}"#, "novel.things.list",
                "//novel.googleapis.com/projects/p/locations/l/things/t"
            ),
            (
                #"{"things":[{"name":"projects/p/locations/l/things/t"}]}"#, nil,
                "//unknown.googleapis.com/projects/p/locations/l/things/t"
            ),
            (
                #"{"managedZones":[{"kind":"dns#managedZone","name":"zone","id":"7"}]}"#, nil,
                "//dns.googleapis.com/projects/p/managedZones/zone"
            ),
            (
                #"{"datasets":[{"datasetReference":{"projectId":"q","datasetId":"d"}}]}"#, nil,
                "//bigquery.googleapis.com/projects/q/datasets/d"
            ),
            (
                #"{"tables":[{"tableReference":{"projectId":"q","datasetId":"d","tableId":"t"}}]}"#, nil,
                "//bigquery.googleapis.com/projects/q/datasets/d/tables/t"
            ),
            (
                #"{"kind":"storage#buckets","items":[{"kind":"storage#bucket","name":"b","selfLink":"https://www.googleapis.com/storage/v1/b/b"}]}"#,
                nil, "//storage.googleapis.com/b"
            ),
            (#"[{"name":"b"}]"#, "storage.buckets.list", "//storage.googleapis.com/b"),
            (
                #"{"projects":[{"projectId":"q","projectNumber":"5","name":"My project","lifecycleState":"ACTIVE"}]}"#, nil,
                "//cloudresourcemanager.googleapis.com/projects/q"
            ),
            (
                #"{"folders":[{"name":"folders/14","parent":"organizations/13"}]}"#, nil,
                "//cloudresourcemanager.googleapis.com/folders/14"
            ),
            (
                #"{"apiVersion":"serving.knative.dev/v1","kind":"ServiceList","items":[{"kind":"Service","metadata":{"name":"s","namespace":"p","selfLink":"/apis/x","labels":{"cloud.googleapis.com/location":"l"}}}]}"#,
                nil, "//run.googleapis.com/projects/p/locations/l/services/s"
            ),
            (
                #"{"ingressRules":[{"priority":100,"action":"ALLOW"}]}"#, "appengine.ingressRules.list",
                "//appengine.googleapis.com/apps/p/firewall/ingressRules/100"
            ),
            (
                #"{"jobs":[{"id":"j-1","name":"job","projectId":"q","location":"l"}]}"#, "dataflow.jobs.aggregated",
                "//dataflow.googleapis.com/projects/q/locations/l/jobs/j-1"
            ),
            (#"{"name":"projects/p/topics/t"}"#, nil, "//pubsub.googleapis.com/projects/p/topics/t"),
            (
                #"{"accounts":[{"name":"projects/p/serviceAccounts/7","email":"a@p.iam.gserviceaccount.com"}]}"#, nil,
                "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com"
            ),
        ] as [(String, String?, String)])
    func identities(text: String, operation: String?, name: String) throws {
        let payload = try normalisedGCP(text, operation: operation, account: "p")
        #expect(payload.items == 1 && payload.rejects.isEmpty)
        #expect(payload.observations.map(\.resourceID) == [name])
        #expect(CanonicalID.canonical(provider: .gcp, name) == name)
    }

    @Test("Labels are found wherever a service keeps them; none is the empty list")
    func labels() throws {
        let items = [
            #"{"name":"projects/p/topics/a","labels":{"k":"v"}}"#,
            #"{"name":"projects/p/topics/b","resourceLabels":{"k":"v"}}"#,
            #"{"name":"projects/p/topics/c","settings":{"userLabels":{"k":"v"}}}"#,
            #"{"name":"projects/p/topics/d","metadata":{"labels":{"k":"v"}}}"#,
            #"{"name":"projects/p/topics/e","tags":{"items":["x"]}}"#, #"{"name":"projects/p/topics/f","labels":null}"#,
        ]
        let tags = try normalisedGCP("[\(items.joined(separator: ","))]").observations.map(\.nativeTags)
        #expect(tags == Array(repeating: TagList([Tag("k", "v")]), count: 4) + [TagList(), TagList()])
    }

    @Test("A subscription subscribes to its topic; a child is part of its parent; a node pool is in its cluster")
    func hierarchy() throws {
        let payload = try normalisedGCP(
            """
            [{"name":"projects/p/subscriptions/s","topic":"projects/p/topics/t","deadLetterPolicy":{"deadLetterTopic":"projects/p/topics/dead"}},
             {"name":"projects/p/instances/i/databases/d"},
             {"name":"n","selfLink":"https://container.googleapis.com/v1/projects/p/locations/l/clusters/c/nodePools/n"},
             {"name":"folders/14","parent":"organizations/13"}]
            """)
        let found = payload.observations
        #expect(found[0].targets(.subscribesTo) == [gcp("//pubsub.googleapis.com/projects/p/topics/t")])
        #expect(found[0].targets(.deliversTo) == [gcp("//pubsub.googleapis.com/projects/p/topics/dead")])
        #expect(found[1].targets(.partOf) == [gcp("//spanner.googleapis.com/projects/p/instances/i")])
        #expect(found[2].targets(.inCluster) == [gcp("//container.googleapis.com/projects/p/locations/l/clusters/c")])
        #expect(found[3].targets(.inOrganization) == [gcp("//cloudresourcemanager.googleapis.com/organizations/13")])
    }

    @Test("An exported asset is what its list call would give, with its ancestors", arguments: ["assetType", "asset_type"])
    func asset(key: String) throws {
        let payload = try normalisedGCP(
            """
            {"name":"//compute.googleapis.com/projects/p/global/addresses/a","\(key)":"compute.googleapis.com/GlobalAddress",
             "resource":{"version":"v1","parent":"//cloudresourcemanager.googleapis.com/projects/42","location":"global",
              "data":{"name":"a","labels":{"team":"x"},"address":"10.0.0.1"}},"ancestors":["projects/42","folders/7","organizations/1"]}
            """)
        let asset = try #require(payload.observations.first)
        #expect(asset.resourceType == "compute.address" && asset.accountID == "p" && asset.region == "global")
        #expect(asset.nativeTags == TagList([Tag("team", "x")]))
        #expect(asset.targets(.inProject) == [gcp(Self.project)])
        #expect(asset.targets(.inFolder) == [gcp("//cloudresourcemanager.googleapis.com/folders/7")])
        #expect(asset.targets(.inOrganization) == [gcp("//cloudresourcemanager.googleapis.com/organizations/1")])
        #expect(asset.metadataValue?["address"]?.string == "10.0.0.1")
    }

    @Test("Within a payload, a project's number leads to the project's id")
    func projectNumbers() throws {
        let payload = try normalisedGCP(
            """
            [{"name":"//storage.googleapis.com/b","assetType":"storage.googleapis.com/Bucket","resource":{"data":{"name":"b","projectNumber":"42"}}},
             {"name":"//cloudresourcemanager.googleapis.com/projects/42","assetType":"cloudresourcemanager.googleapis.com/Project",
              "resource":{"data":{"projectId":"p","projectNumber":"42","name":"Prod","parent":{"type":"folder","id":"7"}}},"ancestors":["projects/42","folders/7"]}]
            """)
        #expect(payload.observations[0].targets(.inProject) == [gcp(Self.project)])
        #expect(payload.observations[0].accountID == "p")
        let project = payload.observations[1]
        #expect(project.resourceID == Self.project && project.name == "Prod")
        #expect(project.targets(.inProject).isEmpty && project.targets(.inFolder).count == 1)
    }

    @Test("A search result has labels, place and attributes, without a representation")
    func searchResult() throws {
        let payload = try normalisedGCP(
            """
            {"results":[{"name":"//compute.googleapis.com/projects/p/zones/us-east1-b/disks/d","assetType":"compute.googleapis.com/Disk",
             "project":"projects/42","folders":["folders/7"],"organization":"organizations/1","displayName":"d","location":"us-east1-b",
             "labels":{"env":"dev"},"additionalAttributes":{"sizeGb":"10"},"state":"READY","kmsKeys":["projects/p/locations/l/keyRings/r/cryptoKeys/k"],
             "parentFullResourceName":"//cloudresourcemanager.googleapis.com/projects/p"}],"nextPageToken":"x"}
            """)
        let disk = try #require(payload.observations.first)
        #expect(payload.items == 1 && disk.kind == .described)
        #expect(disk.resourceType == "compute.disk" && disk.region == "us-east1" && disk.accountID == "p")
        #expect(disk.nativeTags == TagList([Tag("env", "dev")]))
        #expect(disk.metadataValue?["sizeGb"]?.string == "10")
        #expect(
            disk.targets(.encryptedWith) == [gcp("//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k")]
        )
        #expect(disk.relationships.allSatisfy { disk.statedTypes.contains($0.type) })
    }

    @Test("An asset without a representation says nothing of labels")
    func policyOnly() throws {
        let payload = try normalisedGCP(
            #"{"name":"//storage.googleapis.com/b","assetType":"storage.googleapis.com/Bucket","iamPolicy":{"bindings":[]}}"#
        )
        #expect(payload.observations.first?.kind == .partial)
        #expect(payload.observations.first?.nativeTags == nil && payload.observations.first?.metadata == nil)
    }

    @Test(
        "An empty answer has no resources and no rejects",
        arguments: [
            "{}", "[]", #"{"kind":"dns#managedZonesListResponse"}"#, #"{"items":[]}"#, #"{"items":{}}"#,
            #"{"nextPageToken":"x"}"#, #"{"instances":[],"unreachable":["x"]}"#,
        ])
    func empty(text: String) throws {
        let payload = try normalisedGCP(text)
        #expect(payload.items == 0 && payload.rejectedCount == 0)
    }

    @Test(
        "What is no resource is a reject with its index",
        arguments: [
            "[1]", "[null]", #"["x"]"#, "[{}]", #"[{"name":7}]"#, #"[{"name":"bare"}]"#, #"{"a":1}"#, "7",
            #"[{"assetType":"x"}]"#, #"[{"asset":{}}]"#,
        ])
    func rejects(text: String) throws {
        let payload = try normalisedGCP(text)
        #expect(payload.items == 1 && payload.observations.isEmpty)
        #expect(payload.rejects.map(\.index) == [0])
    }
}
