import Foundation
import JSON
import Model
import Testing

@testable import Normalisation

private func eventBridge(_ text: String) throws -> EventOutcome {
    let nested = JSONParser()
    return try JSONParser().withDocument(text) { EventDecoder.eventBridge($0, nested: nested) }
}

private func pubSub(_ text: String) throws -> EventOutcome {
    let nested = JSONParser()
    return try JSONParser().withDocument(text) { EventDecoder.pubSub($0, nested: nested) }
}

private func eventGrid(_ text: String) throws -> [EventOutcome] {
    try JSONParser().withDocument(text) { EventDecoder.eventGrid($0) }
}

extension EventOutcome {
    fileprivate var event: ChangeEvent? { if case .changes(let event) = self { event } else { nil } }
    fileprivate var isIgnored: Bool { if case .ignored = self { true } else { false } }
    fileprivate var isMalformed: Bool { if case .malformed = self { true } else { false } }
}

@Suite struct Base64Tests {
    static func decode(_ text: String) -> String? {
        Array(text.utf8).withUnsafeBufferPointer { Base64.decode($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "RFC 4648's test vectors, with and without padding",
        arguments: [
            ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"), ("Zm9vYg", "foob"), ("Zm9vYmE", "fooba"), ("_-8", "\u{FFFD}\u{FFFD}"),
        ])
    func vectors(text: String, plain: String) {
        #expect(Self.decode(text) == plain)
    }

    @Test("What is not Base64 is nil", arguments: ["Z", "Zg=", "Zm9v=", "=", "Zg===", "Z g=", "Zm9vY", "é==="])
    func malformed(text: String) {
        #expect(Self.decode(text) == nil)
    }
}

@Suite struct EventBridgeTests {
    static func event(_ kind: String, _ detail: String, resources: String = "[]") -> String {
        """
        {"version":"0","id":"m-1","detail-type":"\(kind)","source":"aws.x","account":"123456789012","time":"2026-09-01T10:00:00Z",
         "region":"us-east-1","resources":\(resources),"detail":\(detail)}
        """
    }

    static func call(_ name: String, _ request: String, response: String = "null", more: String = "") -> String {
        event(
            "AWS API Call via CloudTrail",
            #"{"eventName":"\#(name)","awsRegion":"eu-west-1","recipientAccountId":"210987654321","requestParameters":\#(request),"responseElements":\#(response)\#(more)}"#
        )
    }

    @Test("A tag change carries all tags as they are now")
    func tagChange() throws {
        let text = Self.event(
            "Tag Change on Resource",
            #"{"changed-tag-keys":["env"],"service":"ec2","resource-type":"instance","version":3,"tags":{"env":"prod","Name":"web"}}"#,
            resources: #"["arn:aws:ec2:us-east-1:123456789012:instance/i-0abc"]"#)
        let event = try #require(try eventBridge(text).event)
        #expect(event.messageID == "m-1" && event.occurredAt == Timestamp("2026-09-01T10:00:00Z"))
        let observation = try #require(event.observations.first)
        #expect(
            observation.kind == .partial && observation.resourceID == "i-0abc" && observation.resourceType == "ec2.instance")
        #expect(observation.accountID == "123456789012" && observation.region == "us-east-1" && observation.name == "web")
        #expect(
            observation.nativeTags == TagList([Tag("env", "prod"), Tag("Name", "web")])
                && observation.nativeTagChanges == nil)
    }

    @Test("CreateTags sets some tags of some resources")
    func createTags() throws {
        let text = Self.call(
            "CreateTags",
            #"{"resourcesSet":{"items":[{"resourceId":"i-1"},{"resourceId":"vol-1"}]},"tagSet":{"items":[{"key":"env","value":"prod"}]}}"#
        )
        let found = try #require(try eventBridge(text).event?.observations)
        #expect(found.map(\.resourceID) == ["i-1", "vol-1"])
        #expect(found.map(\.resourceType) == ["ec2.instance", "ec2.volume"])
        #expect(
            found.allSatisfy {
                $0.nativeTags == nil && $0.nativeTagChanges == TagChanges(set: TagList([Tag("env", "prod")]))
            })
        #expect(found[0].accountID == "210987654321" && found[0].region == "eu-west-1")
    }

    @Test("DeleteTags removes keys, or a key with a value, or all tags")
    func deleteTags() throws {
        let some = try eventBridge(
            Self.call(
                "DeleteTags",
                #"{"resourcesSet":{"items":[{"resourceId":"i-1"}]},"tagSet":{"items":[{"key":"a"},{"key":"b","value":"1"}]}}"#
            ))
        #expect(
            some.event?.observations.first?.nativeTagChanges
                == TagChanges(removed: [TagChanges.Removal(key: "a"), TagChanges.Removal(key: "b", value: "1")]))
        let all = try eventBridge(Self.call("DeleteTags", #"{"resourcesSet":{"items":[{"resourceId":"i-1"}]}}"#))
        #expect(
            all.event?.observations.first?.nativeTags == TagList() && all.event?.observations.first?.nativeTagChanges == nil)
    }

    @Test("RunInstances starts instances with their tags; TerminateInstances and a terminated state end them")
    func instances() throws {
        let response =
            #"{"instancesSet":{"items":[{"instanceId":"i-1","instanceType":"t3.micro","subnetId":"subnet-1","vpcId":"vpc-1","imageId":"ami-1","tagSet":{"items":[{"key":"Name","value":"web"}]}}]}}"#
        let started = try #require(
            try eventBridge(Self.call("RunInstances", "{}", response: response)).event?.observations.first)
        #expect(started.resourceID == "i-1" && started.name == "web" && started.kind == .partial)
        #expect(started.targets(.inSubnet) == [aws("subnet-1")] && started.targets(.inNetwork) == [aws("vpc-1")])
        #expect(started.relationships.allSatisfy { started.statedTypes.contains($0.type) })
        for text in [
            Self.call("TerminateInstances", "{}", response: response),
            Self.event("EC2 Instance State-change Notification", #"{"instance-id":"i-1","state":"terminated"}"#),
        ] {
            let ended = try #require(try eventBridge(text).event?.observations.first)
            #expect(ended.kind == .deleted && ended.resourceID == "i-1")
        }
        #expect(
            try eventBridge(
                Self.event("EC2 Instance State-change Notification", #"{"instance-id":"i-1","state":"running"}"#)
            ).isIgnored)
    }

    @Test("Buckets and services that tag by ARN are tagged and untagged")
    func others() throws {
        let put = try eventBridge(
            Self.call("PutBucketTagging", #"{"bucketName":"b","Tagging":{"TagSet":{"Tag":[{"Key":"k","Value":"v"}]}}}"#))
        #expect(put.event?.observations.first?.resourceID == "arn:aws:s3:::b")
        #expect(put.event?.observations.first?.nativeTags == TagList([Tag("k", "v")]))
        let one = try eventBridge(
            Self.call("PutBucketTagging", #"{"bucketName":"b","Tagging":{"TagSet":{"Tag":{"Key":"k","Value":"v"}}}}"#))
        #expect(one.event?.observations == put.event?.observations)
        let arn = "arn:aws:sns:eu-west-1:210987654321:topic"
        let tagged = try eventBridge(
            Self.call("TagResource", #"{"resourceArn":"\#(arn)","tags":[{"key":"k","value":"v"}]}"#))
        #expect(tagged.event?.observations.first?.resourceID == arn)
        #expect(tagged.event?.observations.first?.nativeTagChanges?.set == TagList([Tag("k", "v")]))
        let untagged = try eventBridge(Self.call("UntagResource", #"{"resourceArn":"\#(arn)","tagKeys":["k"]}"#))
        #expect(untagged.event?.observations.first?.nativeTagChanges?.removed == [TagChanges.Removal(key: "k")])
        let deleted = try eventBridge(Self.call("DeleteVolume", #"{"volumeId":"vol-1"}"#))
        #expect(deleted.event?.observations.first?.kind == .deleted)
    }

    @Test("A configuration item describes its resource, or says that it is gone")
    func configuration() throws {
        func item(_ status: String) -> String {
            Self.event(
                "Config Configuration Item Change",
                #"{"configurationItem":{"resourceType":"AWS::S3::Bucket","resourceId":"b","resourceName":"b","ARN":"arn:aws:s3:::b","awsRegion":"us-east-1","awsAccountId":"123456789012","configurationItemStatus":"\#(status)","tags":{"k":"v"},"configuration":{},"relationships":[]}}"#
            )
        }
        let described = try #require(try eventBridge(item("OK")).event?.observations.first)
        #expect(described.resourceID == "arn:aws:s3:::b" && described.nativeTags?["k"] == "v")
        #expect(try eventBridge(item("ResourceDeleted")).event?.observations.map(\.kind) == [.deleted])
    }

    @Test("A call that failed, and one that changes no resource, are ignored")
    func ignored() throws {
        #expect(try eventBridge(Self.call("CreateTags", "{}", more: #","errorCode":"UnauthorizedOperation""#)).isIgnored)
        #expect(try eventBridge(Self.call("DescribeInstances", "{}")).isIgnored)
        #expect(try eventBridge(Self.event("Object Created", "{}")).isIgnored)
    }

    @Test("Amazon SNS asks for a visit of its link, and wraps events as text")
    func sns() throws {
        #expect(
            try eventBridge(#"{"Type":"SubscriptionConfirmation","SubscribeURL":"https://sns.us-east-1.amazonaws.com/?x"}"#)
                == .validation(.visit(link: "https://sns.us-east-1.amazonaws.com/?x")))
        let inner = String(
            decoding: JSONValue.string(
                Self.event("EC2 Instance State-change Notification", #"{"instance-id":"i-1","state":"terminated"}"#)
            ).serialised, as: UTF8.self)
        #expect(
            try eventBridge(#"{"Type":"Notification","Message":\#(inner)}"#).event?.observations.first?.resourceID == "i-1")
        #expect(try eventBridge(#"{"Type":"Notification","Message":"hello"}"#).isIgnored)
    }

    @Test(
        "What is no event is malformed",
        arguments: [
            "7", "{}", "[]", #"{"detail-type":"x"}"#, #"{"detail-type":"x","id":"1","detail":7}"#,
            #"{"Type":"SubscriptionConfirmation"}"#,
        ])
    func malformed(text: String) throws {
        #expect(try eventBridge(text).isMalformed)
    }

    @Test("An event that does not name its resource is malformed")
    func nameless() throws {
        #expect(try eventBridge(Self.event("Tag Change on Resource", #"{"tags":{}}"#)).isMalformed)
        #expect(try eventBridge(Self.call("CreateTags", "null")).isMalformed)
        #expect(try eventBridge(Self.call("DeleteVolume", "7")).isMalformed)
    }
}

@Suite struct PubSubTests {
    static func push(_ data: String) -> String {
        #"{"message":{"data":"\#(Data(data.utf8).base64EncodedString())","messageId":"9","publishTime":"2026-09-01T10:00:00.5Z"},"subscription":"projects/p/subscriptions/s"}"#
    }

    static let name = "//compute.googleapis.com/projects/p/zones/us-east1-b/disks/d"

    @Test("A feed's message describes its asset as of the window's start")
    func described() throws {
        let event = try #require(
            try pubSub(
                Self.push(
                    #"{"asset":{"name":"\#(Self.name)","assetType":"compute.googleapis.com/Disk","resource":{"data":{"name":"d","labels":{"k":"v"}}}},"window":{"startTime":"2026-09-01T09:59:00Z"},"priorAssetState":"PRESENT"}"#
                )
            ).event)
        #expect(event.messageID == "9" && event.occurredAt == Timestamp("2026-09-01T09:59:00Z"))
        #expect(event.observations.first?.resourceID == Self.name && event.observations.first?.nativeTags?["k"] == "v")
    }

    @Test("A deleted asset is gone")
    func deleted() throws {
        let event = try pubSub(
            Self.push(#"{"asset":{"name":"\#(Self.name)","assetType":"compute.googleapis.com/Disk"},"deleted":true}"#)
        ).event
        #expect(event?.observations.map(\.kind) == [.deleted] && event?.observations.first?.resourceID == Self.name)
    }

    @Test("A greeting, an empty message and another feed's message are ignored")
    func ignored() throws {
        #expect(try pubSub(Self.push("You have successfully configured real time feed")).isIgnored)
        #expect(try pubSub(Self.push(#"{"protoPayload":{}}"#)).isIgnored)
        #expect(try pubSub(Self.push("7")).isIgnored)
        #expect(try pubSub(#"{"message":{"messageId":"9","attributes":{}}}"#).isIgnored)
    }

    @Test(
        "What is no push request is malformed",
        arguments: ["[]", "{}", #"{"message":7}"#, #"{"message":{}}"#, #"{"message":{"messageId":"9","data":"*"}}"#])
    func malformed(text: String) throws {
        #expect(try pubSub(text).isMalformed)
        #expect(try pubSub(Self.push(#"{"asset":{}}"#)).isMalformed)
    }
}

@Suite struct EventGridTests {
    static func event(_ type: String, _ data: String) -> String {
        #"{"id":"e-1","topic":"/subscriptions/S","subject":"/subscriptions/S/resourceGroups/RG/providers/A.B/c/d","eventType":"\#(type)","eventTime":"2026-09-01T10:00:00Z","data":\#(data),"dataVersion":"2"}"#
    }

    static let id = "/subscriptions/s/resourcegroups/rg/providers/a.b/c/d"

    @Test("A write says that the resource is there, a deletion that it is gone; in both schemas")
    func changes() throws {
        let grid = Self.event("Microsoft.Resources.ResourceWriteSuccess", "{}")
        let cloud = grid.replacingOccurrences(of: "eventType", with: "type").replacingOccurrences(
            of: "eventTime", with: "time"
        )
        .replacingOccurrences(of: #""dataVersion":"2""#, with: #""specversion":"1.0""#)
        for text in [grid, "[\(grid)]", cloud] {
            let event = try #require(try eventGrid(text).first?.event)
            #expect(event.messageID == "e-1" && event.occurredAt == Timestamp("2026-09-01T10:00:00Z"))
            let observation = try #require(event.observations.first)
            #expect(observation.kind == .partial && observation.resourceID == Self.id && observation.resourceType == "a.b/c")
            #expect(observation.nativeTags == nil && observation.metadata == nil && observation.accountID == "s")
        }
        let deleted = try eventGrid(
            Self.event("Microsoft.Resources.ResourceDeleteSuccess", #"{"resourceUri":"\#(Self.id.uppercased())"}"#))
        #expect(deleted.first?.event?.observations.map(\.kind) == [.deleted])
        #expect(deleted.first?.event?.observations.first?.resourceID == Self.id)
    }

    @Test("To delete a resource's tags is not to delete the resource")
    func tagsDeleted() throws {
        let data = #"{"resourceUri":"\#(Self.id)/providers/Microsoft.Resources/tags/default"}"#
        let observation = try eventGrid(Self.event("Microsoft.Resources.ResourceDeleteSuccess", data)).first?.event?
            .observations.first
        #expect(observation?.resourceID == Self.id && observation?.kind == .partial && observation?.nativeTags == TagList())
        let written = try eventGrid(Self.event("Microsoft.Resources.ResourceWriteSuccess", data)).first?.event?.observations
            .first
        #expect(written?.resourceID == Self.id && written?.nativeTags == nil)
    }

    @Test("A resource notification brings the resource along")
    func notification() throws {
        let info = #"{"resourceInfo":{"id":"\#(Self.id)","name":"d","type":"A.B/c","location":"eastus","tags":{"k":"v"}}}"#
        let observation = try #require(
            try eventGrid(Self.event("Microsoft.ResourceNotifications.Resources.CreatedOrUpdated", info)).first?.event?
                .observations.first)
        #expect(
            observation.nativeTags == TagList([Tag("k", "v")]) && observation.kind == .partial && observation.metadata == nil
        )
        #expect(observation.relationships.allSatisfy { observation.statedTypes.contains($0.type) })
    }

    @Test("A validation event is answered with its code")
    func validation() throws {
        let outcome = try eventGrid(
            "[\(Self.event("Microsoft.EventGrid.SubscriptionValidationEvent", #"{"validationCode":"512d38b6","validationUrl":"https://x"}"#))]"
        )
        #expect(outcome == [.validation(.answer(code: "512d38b6"))])
    }

    @Test("Each event of a request has its own outcome")
    func mixed() throws {
        let outcomes = try eventGrid(
            "[\(Self.event("Microsoft.Storage.BlobCreated", "{}")),7,\(Self.event("Microsoft.Resources.ResourceWriteSuccess", "{}"))]"
        )
        #expect(outcomes.count == 3 && outcomes[0].isIgnored && outcomes[1].isMalformed && outcomes[2].event != nil)
        #expect(try eventGrid("[]").isEmpty)
    }

    @Test(
        "What is no event is malformed",
        arguments: [
            "7", "{}", #"{"eventType":"x"}"#, #"{"specversion":"1.0","id":"1"}"#,
            #"{"id":"1","eventType":"Microsoft.Resources.ResourceWriteSuccess"}"#,
            #"{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent"}"#,
        ])
    func malformed(text: String) throws {
        #expect(try eventGrid(text).first?.isMalformed == true)
    }
}
