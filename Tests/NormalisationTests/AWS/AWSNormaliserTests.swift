import JSON
import Model
import Normalisation
import Testing

struct AWSNormaliserTests {
    @Test("An instance has its reservation's account, its zone's region, its tags, and its place in the network")
    func instance() throws {
        let payload = try normalised(Files.fixture("aws/ec2.describe-instances.json"))
        #expect(payload.items == 2 && payload.rejects.isEmpty)
        let instance = try #require(payload.first("i-0aaaaaaaaaaaaaaa1"))
        #expect(instance.resourceType == "ec2.instance")
        #expect(instance.name == "web-1")
        #expect(instance.accountID == "123456789012")
        #expect(instance.region == "eu-west-1")
        #expect(instance.nativeTags?["Env"] == "prd")
        #expect(instance.targets(.inSubnet) == [aws("subnet-0aaaaaaaaaaaaaaa1")])
        #expect(instance.targets(.inNetwork) == [aws("vpc-0aaaaaaaaaaaaaaa1")])
        #expect(Set(instance.targets(.memberOf)) == [aws("sg-0aaaaaaaaaaaaaaa1"), aws("sg-0aaaaaaaaaaaaaaa2")])
        #expect(instance.targets(.createdFrom) == [aws("ami-0aaaaaaaaaaaaaaa1")])
        #expect(instance.targets(.runsAs) == [aws("arn:aws:iam::123456789012:instance-profile/web")])
        #expect(instance.targets(.inAccount) == [aws("123456789012")])
        #expect(instance.targets(.managedBy) == [aws("arn:aws:cloudformation:eu-west-1:123456789012:stack/web/1234")])
        #expect(instance.metadataValue?["InstanceType"] == .string("t3.large"))
        #expect(instance.metadataValue?["State"]?["Name"] == .string("running"))
        #expect(instance.metadataValue?["Tags"] == nil && instance.metadataValue?["ClientToken"] == nil)
    }

    @Test("A terminated instance without network, tags and name still states that it has none")
    func terminatedInstance() throws {
        let instance = try #require(
            normalised(Files.fixture("aws/ec2.describe-instances.json")).first("i-0aaaaaaaaaaaaaaa2"))
        #expect(instance.nativeTags == TagList())
        #expect(instance.name == "")
        #expect(instance.relationships.map(\.type) == [.inAccount, .createdFrom])
        for type in [.inSubnet, .inNetwork, .memberOf, .runsAs] as [RelationshipType] {
            #expect(instance.statedTypes.contains(type))
        }
    }

    @Test("A detached volume states attached_to without a target, so that the old edge goes")
    func volumes() throws {
        let payload = try normalised(Files.fixture("aws/ec2.describe-volumes.json"), account: "123456789012")
        let attached = try #require(payload.first("vol-0aaaaaaaaaaaaaaa1"))
        #expect(attached.targets(.attachedTo) == [aws("i-0aaaaaaaaaaaaaaa1")])
        #expect(attached.targets(.encryptedWith) == [aws("arn:aws:kms:eu-west-1:123456789012:key/1111")])
        #expect(attached.targets(.createdFrom) == [aws("snap-0aaaaaaaaaaaaaaa1")])
        #expect(attached.accountID == "123456789012")
        let detached = try #require(payload.first("vol-0aaaaaaaaaaaaaaa2"))
        #expect(detached.targets(.attachedTo).isEmpty && detached.targets(.createdFrom).isEmpty)
        #expect(detached.statedTypes.contains(.attachedTo))
    }

    @Test("An excerpt of a description states only what it holds")
    func excerpt() throws {
        let payload = try normalised(
            #"[{"VolumeId":"vol-01","Size":8,"Attachments":[]}]"#, operation: "ec2.describe-volumes")
        let volume = try #require(payload.first("vol-01"))
        #expect(volume.nativeTags == nil && volume.name == nil)
        #expect(volume.statedTypes == RelationshipTypes(.attachedTo))
    }

    @Test("The tagging API gives tags alone, under the id and type that the service's own call gives")
    func taggingAPI() throws {
        let payload = try normalised(Files.fixture("aws/resourcegroupstaggingapi.get-resources.json"))
        #expect(payload.observations.allSatisfy { $0.kind == .partial && $0.metadata == nil })
        let instance = try #require(payload.first("i-0aaaaaaaaaaaaaaa1"))
        #expect(instance.resourceType == "ec2.instance" && instance.name == "web-1" && instance.region == "eu-west-1")
        let bucket = try #require(payload.first("arn:aws:s3:::logs"))
        #expect(bucket.resourceType == "s3.bucket" && bucket.name == "logs" && bucket.accountID == nil)
        let balancer = payload.observations[2]
        #expect(balancer.resourceType == "elasticloadbalancing.loadbalancer" && balancer.name == "front")
        #expect(balancer.nativeTags == TagList())
        #expect(payload.observations[3].resourceType == "states.statemachine")
    }

    @Test("AWS Config items give the same resources as the services' own calls")
    func config() throws {
        let payload = try normalised(Files.fixture("aws/config.configuration-items.json"))
        #expect(payload.items == 4 && payload.rejects.isEmpty)
        let volume = try #require(payload.first("vol-0aaaaaaaaaaaaaaa1"))
        #expect(volume.resourceType == "ec2.volume" && volume.nativeTags?["Name"] == "data")
        #expect(volume.targets(.attachedTo) == [aws("i-0aaaaaaaaaaaaaaa1")])
        #expect(volume.metadataValue?["VolumeType"] == .string("gp3"))
        let database = try #require(payload.first("arn:aws:rds:eu-west-1:123456789012:db:orders"))
        #expect(database.resourceType == "rds.db" && database.name == "orders")
        #expect(database.targets(.memberOf) == [aws("sg-0aaaaaaaaaaaaaaa1")])
        let cluster = payload.observations[2]
        #expect(cluster.resourceType == "dax.cluster" && cluster.name == "cache-1" && cluster.region == "eu-west-1")
        #expect(cluster.targets(.inNetwork) == [aws("vpc-0aaaaaaaaaaaaaaa1")])
        #expect(cluster.targets(.memberOf) == [aws("sg-0aaaaaaaaaaaaaaa1")])
        #expect(cluster.relationships.count == 3)
        let bucket = try #require(payload.first("arn:aws:s3:::old-logs"))
        #expect(bucket.kind == .deleted)
    }

    @Test("Tags without a resource are refused with the hint that is missing, and taken with it")
    func tagsOfNamed() throws {
        let answer = #"{"TagSet":[{"Key":"Env","Value":"dev"}]}"#
        let refused = try normalised(answer, operation: "s3api.get-bucket-tagging")
        #expect(refused.items == 1 && refused.observations.isEmpty)
        #expect(
            refused.rejects.map(\.detail) == ["the tags do not say whose they are: give the bucket's name as ?resource_id="])
        for hint in ["logs", "arn:aws:s3:::logs", "s3://logs"] {
            let taken = try normalised(answer, operation: "s3api.get-bucket-tagging", resourceID: hint)
            #expect(taken.first("arn:aws:s3:::logs")?.nativeTags == TagList([Tag("Env", "dev")]))
        }
        let function = try normalised(
            #"{"Tags":{"Env":"dev"}}"#, account: "123456789012", region: "eu-west-1", operation: "lambda.list-tags",
            resourceID: "f")
        #expect(function.first("arn:aws:lambda:eu-west-1:123456789012:function:f")?.nativeTags?["Env"] == "dev")
    }

    @Test("EC2's describe-tags gives one tag an element, which are gathered by resource")
    func describeTags() throws {
        let payload = try normalised(
            """
            {"Tags":[{"ResourceId":"i-01","ResourceType":"instance","Key":"Env","Value":"dev"},
                     {"ResourceId":"vol-01","ResourceType":"volume","Key":"Env","Value":"prd"},
                     {"ResourceId":"i-01","ResourceType":"instance","Key":"Name","Value":"web"}]}
            """)
        #expect(payload.items == 2)
        #expect(payload.first("i-01")?.nativeTags?.count == 2 && payload.first("i-01")?.name == "web")
        #expect(payload.first("vol-01")?.resourceType == "ec2.volume")
    }

    @Test("One item alone, a list of them, and lines of them are recognised by what they hold")
    func bareItems() throws {
        let volume = """
            {"VolumeId":"vol-01","VolumeType":"gp2","CreateTime":"2024-05-01","State":"available","Attachments":[]}
            """
        #expect(try normalised(volume).first("vol-01")?.resourceType == "ec2.volume")
        #expect(try normalised("[\(volume),\(volume)]").items == 2)
        let subnet = #"{"SubnetId":"subnet-1","VpcId":"vpc-1","CidrBlock":"10.0.0.0/24","AvailabilityZone":"eu-west-1a"}"#
        #expect(try normalised(subnet).first("subnet-1")?.targets(.inNetwork) == [aws("vpc-1")])
        let role = #"{"RoleName":"r","Arn":"arn:aws:iam::123456789012:role/r","AssumeRolePolicyDocument":{}}"#
        #expect(try normalised(role).observations.first?.resourceType == "iam.role")
    }

    @Test("Names and URLs in lists become ARNs with what the hints say, and without them the same ones each time")
    func names() throws {
        let tables = #"{"TableNames":["orders"]}"#
        #expect(
            try normalised(tables, account: "123456789012", region: "eu-west-1").observations.map(\.resourceID)
                == ["arn:aws:dynamodb:eu-west-1:123456789012:table/orders"])
        #expect(try normalised(tables).observations.map(\.resourceID) == ["arn:aws:dynamodb:::table/orders"])
        let queues = #"{"QueueUrls":["https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"]}"#
        let queue = try #require(normalised(queues, region: "us-east-1").observations.first)
        #expect(queue.resourceID == "arn:aws:sqs:eu-west-1:123456789012:jobs")
        #expect(queue.accountID == "123456789012" && queue.region == "eu-west-1" && queue.name == "jobs")
        let groups = try normalised(
            #"{"nodegroups":["n"]}"#, account: "123456789012", region: "eu-west-1", operation: "eks.list-nodegroups",
            resourceID: "c")
        #expect(groups.observations.first?.resourceID == "arn:aws:eks:eu-west-1:123456789012:nodegroup/c/n")
        #expect(groups.observations.first?.targets(.inCluster) == [aws("arn:aws:eks:eu-west-1:123456789012:cluster/c")])
    }

    @Test("EKS and ECS both say clusters: the content decides")
    func clusters() throws {
        #expect(try normalised(#"{"clusters":["a"]}"#).observations.map(\.resourceType) == ["eks.cluster"])
        let ecs = #"{"clusters":[{"clusterArn":"arn:aws:ecs:eu-west-1:123456789012:cluster/a","clusterName":"a"}]}"#
        #expect(try normalised(ecs).observations.map(\.resourceType) == ["ecs.cluster"])
    }

    @Test("A queue delivers to its dead-letter queue, and its volatile counters are no metadata")
    func queueAttributes() throws {
        let payload = try normalised(
            #"""
            {"Attributes":{"QueueArn":"arn:aws:sqs:eu-west-1:123456789012:jobs","ApproximateNumberOfMessages":"7",
             "VisibilityTimeout":"30","CreatedTimestamp":"1","KmsMasterKeyId":"alias/jobs",
             "RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:eu-west-1:123456789012:dead\",\"maxReceiveCount\":3}"}}
            """#)
        let queue = try #require(payload.observations.first)
        #expect(queue.targets(.deliversTo) == [aws("arn:aws:sqs:eu-west-1:123456789012:dead")])
        #expect(queue.targets(.encryptedWith) == [aws("arn:aws:kms:eu-west-1:123456789012:alias/jobs")])
        #expect(queue.metadataValue?["VisibilityTimeout"] == .string("30"))
        #expect(queue.metadataValue?["ApproximateNumberOfMessages"] == nil)
    }

    @Test("Calls without a table still give resources, by ARN, EC2 id, or name and operation")
    func unknownCalls() throws {
        let certificate = try normalised(
            """
            {"CertificateSummaryList":[{"CertificateArn":"arn:aws:acm:eu-west-1:123456789012:certificate/1","DomainName":"a.b"}]}
            """)
        #expect(certificate.observations.map(\.resourceType) == ["acm.certificate"])
        let endpoint = try normalised(
            #"{"VpnGateways":[{"VpnGatewayId":"vgw-01","Tags":[{"Key":"Name","Value":"office"}]}]}"#, region: "eu-west-1")
        #expect(endpoint.first("vgw-01")?.name == "office" && endpoint.first("vgw-01")?.resourceType == "ec2.vpn-gateway")
        let named = try normalised(
            #"{"DomainNames":[{"DomainName":"search"}]}"#, account: "123456789012", region: "eu-west-1",
            operation: "es.list-domain-names")
        #expect(named.observations.map(\.name) == ["search"])
        let nothing = try normalised(#"{"SummaryMap":{"Users":3}}"#)
        #expect(nothing.items == 1 && nothing.rejects.count == 1 && nothing.rejects[0].detail.contains("?operation="))
    }

    @Test("Items of a wrong type are refused by index, the others are taken")
    func wrongTypes() throws {
        let payload = try normalised(
            """
            {"Volumes":[7,{"VolumeId":"vol-01"},null,{"VolumeId":9},{"Size":1},"",{"VolumeId":""},
             {"VolumeId":"vol-02","Tags":{"a":1},"Attachments":"x","AvailabilityZone":5,"KmsKeyId":[1],"SnapshotId":null}]}
            """, operation: "ec2.describe-volumes")
        #expect(payload.items == 8)
        #expect(payload.rejects.map(\.index) == [0, 2, 3, 4, 5, 6])
        #expect(payload.observations.map(\.resourceID) == ["vol-01", "vol-02"])
        #expect(payload.rejects[0].detail == "expected an object or a name of ec2.volume, found a number")
        #expect(payload.rejects[3].detail == "ec2.volume without VolumeId")
        for text in ["null", "7", "\"x\"", "[[[[]]]]", "[[[1]]]", "true", #"{"Volumes":7}"#, #"{"Reservations":[1,{}]}"#] {
            #expect(try normalised(text).observations.isEmpty)
        }
        #expect(try normalised("{}").items == 0)
        #expect(try normalised(#"{"Volumes":[],"NextToken":"x"}"#).items == 0)
    }

    @Test("Account numbers that lost their leading zeros get them back; other text is no account")
    func accounts() throws {
        let number = try normalised(#"{"Vpcs":[{"VpcId":"vpc-1","CidrBlock":"10.0.0.0/8","OwnerId":12345678901}]}"#)
        #expect(number.observations.first?.accountID == "012345678901")
        let text = try normalised(#"{"Vpcs":[{"VpcId":"vpc-1","CidrBlock":"10.0.0.0/8","OwnerId":"amazon"}]}"#)
        #expect(text.observations.first?.accountID == nil)
    }

    @Test("A call's name is accepted in the spellings of the CLI, the SDKs and IAM")
    func operationSpellings() throws {
        for operation in ["rds.describe-db-instances", "rds describe-db-instances", "rds:DescribeDBInstances"] {
            let payload = try normalised(#"[{"DBInstanceIdentifier":"orders"}]"#, operation: operation)
            #expect(payload.observations.map(\.resourceID) == ["arn:aws:rds:::db:orders"])
        }
    }

    @Test("More relationships than accepted are cut, and reported")
    func manyRelationships() throws {
        let groups = (0..<5_000).map { #"{"GroupId":"sg-\#($0)"}"# }.joined(separator: ",")
        let payload = try normalised(
            #"{"Instances":[{"InstanceId":"i-1","ImageId":"ami-1","State":{},"SecurityGroups":[\#(groups)]}]}"#)
        #expect(payload.observations.first?.relationships.count == 4_096)
        #expect(payload.rejects.count == 1)
    }

    @Test("Objects of very many members, repeated names among them, are read in time linear in their size")
    func hostileSizes() throws {
        let repeated = (0..<20_000).map { _ in #""InstanceId":"i-1""# }.joined(separator: ",")
        #expect(try normalised("{\(repeated)}").items <= 1)
        let arns = (0..<20_000).map { #""x\#($0)Arn":"y""# }.joined(separator: ",")
        #expect(try normalised(#"{"Things":[{\#(arns)}]}"#).observations.isEmpty)
        let lists = (0..<5_000).map { _ in #""Volumes":[{"a":1}]"# }.joined(separator: ",")
        #expect(try normalised("{\(lists)}").observations.isEmpty)
        let bad = Array(repeating: "7", count: 10_000).joined(separator: ",")
        let refused = try normalised("{\"Volumes\":[\(bad)]}", operation: "ec2.describe-volumes")
        #expect(refused.items == 10_000 && refused.rejectedCount == 10_000)
        #expect(refused.rejects.count == NormalisedPayload.rejectsMax)
    }

    @Test("The buckets of a list have the region that it tells, not the one of the call")
    func bucketRegions() throws {
        let payload = try normalised(
            #"{"Buckets":[{"Name":"a","CreationDate":"2024","BucketRegion":"eu-west-1"},{"Name":"b","CreationDate":"2024"}]}"#,
            account: "123456789012", region: "us-east-1")
        #expect(payload.observations.map(\.region) == ["eu-west-1", nil])
        #expect(payload.observations.map(\.resourceID) == ["arn:aws:s3:::a", "arn:aws:s3:::b"])
        #expect(payload.observations[0].targets(.inAccount) == [aws("123456789012")])
    }

    @Test("Lists inside an excerpt, and other services' lists of the same name, are not taken for EC2's or IAM's")
    func likeNamed() throws {
        let excerpt = #"{"InstanceId":"i-1","SecurityGroups":[{"GroupId":"sg-1","GroupName":"a"}]}"#
        #expect(try normalised(excerpt, operation: "ec2.describe-instances").observations.map(\.resourceID) == ["i-1"])
        let classic = #"{"Groups":[{"GroupName":"a","GroupId":"sg-1"}],"Instances":[{"InstanceId":"i-1"}]}"#
        #expect(try normalised(classic).observations.allSatisfy { $0.resourceType != "iam.group" })
        let fsx =
            #"{"Volumes":[{"VolumeId":"fsvol-1","ResourceARN":"arn:aws:fsx:eu-west-1:123456789012:volume/fs-1/fsvol-1"}]}"#
        #expect(try normalised(fsx).observations.map(\.resourceType) == ["fsx.volume"])
    }
}
