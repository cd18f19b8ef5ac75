import JSON
import Model
import Testing

@testable import Normalisation

@Suite("Names that name nothing")
struct HostileNameTests {
    static let names = [
        "//", "///", "////", "/", "", "//a", "//a/", "//a//", "a", "a/", "projects/", "projects//x", "projects", "https://",
        "https:///", "https://a", "//x/y/z/w/v", "//x/y/z/w/v/u/t", "//cloudresourcemanager.googleapis.com",
        "//iam.googleapis.com/keys", "//storage.googleapis.com/", "apps/", "organizations/", "folders/x/y",
        "arn:", "arn:::::", "arn:aws:::", "/subscriptions", "/subscriptions/", "/subscriptions/x/providers",
        "/subscriptions/x/providers/", "/subscriptions/x/resourceGroups/y/providers/z", "/providers//", "i-", "s3://",
        "s3://a/b",
    ]

    @Test("Whatever stands where a name should, the answer is an observation or a refusal, never a trap", arguments: names)
    func odd(name: String) throws {
        let parser = JSONParser()
        let shapes = [
            #"{"name":"\#(name)"}"#, #"{"name":"\#(name)","assetType":"x/Y"}"#,
            #"{"name":"\#(name)","assetType":"x/Y","resource":{"data":{"name":"\#(name)"}}}"#,
            #"{"name":"\#(name)","selfLink":"\#(name)","kind":""}"#, #"{"items":[{"selfLink":"\#(name)","kind":"a#b"}]}"#,
            #"{"value":[{"id":"\#(name)","type":"\#(name)"}]}"#, #"{"data":[{"id":"\#(name)"}]}"#, #"{"id":"\#(name)"}"#,
            #"{"ResourceTagMappingList":[{"ResourceARN":"\#(name)","Tags":[]}]}"#, #"{"Buckets":[{"Name":"\#(name)"}]}"#,
            #"{"QueueUrls":["\#(name)"]}"#, #"{"Volumes":[{"VolumeId":"\#(name)"}]}"#,
        ]
        for provider in Provider.allCases {
            _ = CanonicalID.canonical(provider: provider, name)
            for shape in shapes {
                let payload = try parser.withDocument(shape) {
                    Normaliser.normalise($0, provider: provider, hints: IngestHints())
                }
                #expect(payload.observations.allSatisfy { !$0.resourceID.isEmpty }, "\(provider) \(shape)")
            }
        }
    }
}
