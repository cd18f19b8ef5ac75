import Foundation
import Testing

/// `docs/graph.md` is what these queries answer on a node with the samples.
/// `VTAG_WRITE_DOCS=1 swift test --filter TourTests` writes it anew.
enum GraphPage {
    private struct Question {
        let title: String
        let words: String
        let query: String
    }

    private static let questions: [Question] = [
        Question(
            title: "Security groups that the internet reaches",
            words: "Those of load balancers that face it, and what else is a member of them.",
            query: """
                MATCH (lb:LoadBalancerV2 {scheme: 'internet-facing'})-[:MEMBER_OF_EC2_SECURITY_GROUP]->(g:EC2SecurityGroup)
                OPTIONAL MATCH (g)<-[:MEMBER_OF_EC2_SECURITY_GROUP]-(i:EC2Instance)
                RETURN g.account_id AS account, g.name AS `group`, count(DISTINCT lb) AS balancers, count(DISTINCT i) AS instances
                ORDER BY instances DESC, `group`, account LIMIT 5
                """),
        Question(
            title: "Databases that are not encrypted",
            words: "As Cartography's users ask it, with who should know.",
            query: """
                MATCH (a:AWSAccount)-[:RESOURCE]->(rds:RDSInstance {storage_encrypted: false})
                RETURN a.id, rds.name, rds.region, rds.engine, rds.`tags.owner` AS owner
                ORDER BY a.id, rds.name, rds.region, rds.engine LIMIT 5
                """),
        Question(
            title: "The blast radius of a subnet",
            words: "What stands in it, and what hangs on that. `vtag resources impact` asks the same with less to type.",
            query: """
                MATCH (s:EC2Subnet)<-[:PART_OF_SUBNET]-(x)
                WITH s, count(x) AS direct ORDER BY direct DESC, s.resource_id LIMIT 1
                MATCH (s)<-[:PART_OF_SUBNET]-(x)
                OPTIONAL MATCH (x)<-[:TARGET_OF|DEPENDS_ON|RUNS_ON|PART_OF|USES*1..2]-(y:Resource)
                UNWIND [x, y] AS touched
                WITH s, touched WHERE touched IS NOT NULL
                RETURN s.name AS subnet, touched.resource_type AS type, count(DISTINCT touched) AS touched
                ORDER BY touched DESC, type
                """),
        Question(
            title: "Volumes without an owner, on instances that have one",
            words: "The tag that a rule along `ATTACHED_TO` would give them.",
            query: """
                MATCH (v:EBSVolume)-[:ATTACHED_TO]->(i:EC2Instance)
                WHERE v.`tags.owner` IS NULL AND i.`tags.owner` IS NOT NULL
                RETURN i.`tags.owner` AS owner, count(v) AS volumes, sum(v.size) AS gib ORDER BY volumes DESC, owner LIMIT 5
                """),
        Question(
            title: "What teams cost, and the untagged things that hang on theirs",
            words: "The second sum is cost that no report by tags shows.",
            query: """
                MATCH (t:Tag {key: 'team'})<-[:TAGGED]-(r:Resource)
                OPTIONAL MATCH (r)<-[:ATTACHED_TO|PART_OF|CREATED_FROM]-(hidden:Resource) WHERE hidden.`tags.team` IS NULL
                WITH t.value AS team, collect(DISTINCT r) AS own, collect(DISTINCT hidden) AS hidden
                RETURN team, size(own) AS resources, round(reduce(sum = 0.0, r IN own | sum + coalesce(r.cost, 0)), 2) AS cost,
                  size(hidden) AS hidden, round(reduce(sum = 0.0, r IN hidden | sum + coalesce(r.cost, 0)), 2) AS hidden_cost
                ORDER BY cost DESC LIMIT 5
                """),
        Question(
            title: "Buckets of public data, and whose they are",
            words: "By what their tags say of the data, over all providers.",
            query: """
                MATCH (b:Resource)-[:TAGGED]->(:Tag {key: 'data-classification', value: 'public'})
                WHERE b:S3Bucket OR b:GCPBucket OR b:AzureStorageAccount
                RETURN b.provider AS provider, b.`tags.team` AS team, count(*) AS buckets ORDER BY buckets DESC, provider, team LIMIT 5
                """),
        Question(
            title: "Volumes that nothing uses",
            words: "Paid for, attached to nothing.",
            query: """
                MATCH (v:EBSVolume) WHERE NOT (v)-[:ATTACHED_TO]->()
                RETURN v.account_id AS account, count(*) AS volumes, sum(v.size) AS gib, round(sum(v.cost), 2) AS cost
                ORDER BY gib DESC, account
                """),
        Question(
            title: "Instances of old images",
            words: "Running from an image that was made more than two years before the newest one.",
            query: """
                MATCH (newest:EC2Image) WITH max(newest.creationdate) AS newest
                MATCH (i:EC2Instance {state: 'running'})-[:CREATED_FROM]->(m:EC2Image)
                WHERE datetime(m.creationdate) < datetime(newest) - duration('P2Y')
                RETURN m.name AS image, left(m.creationdate, 10) AS made, count(i) AS instances
                ORDER BY instances DESC, image LIMIT 5
                """),
        Question(
            title: "What one team has that another depends on",
            words: "`a.account_id <> b.account_id` asks the same of accounts; those of the samples keep to themselves.",
            query: """
                MATCH (a:Resource)-[r:USES|RUNS_AS|RUNS_ON|CREATED_FROM|SUBSCRIBES_TO|DELIVERS_TO|LOGS_TO|MEMBER_OF_AWS_VPC]->(b:Resource)
                WHERE a.`tags.team` <> b.`tags.team`
                RETURN a.`tags.team` AS team, type(r) AS how, b.`tags.team` AS other, b.resource_type AS what, count(*) AS times
                ORDER BY times DESC, team, other, how, what LIMIT 5
                """),
        Question(
            title: "Resources without an owner beside owned ones",
            words: "The owners of their neighbours are the people to ask.",
            query: """
                MATCH (r:Resource)-[:ATTACHED_TO|PART_OF|IN_CLUSTER|USES]-(n:Resource)
                WHERE r.`tags.owner` IS NULL AND n.`tags.owner` IS NOT NULL
                WITH r, collect(DISTINCT n.`tags.owner`) AS owners WHERE size(owners) = 1
                RETURN owners[0] AS ask, count(r) AS resources ORDER BY resources DESC, ask LIMIT 5
                """),
        Question(
            title: "Violations by application",
            words: "What policies find fault with, through the application's tag.",
            query: """
                MATCH (t:Tag {key: 'application'})<-[:TAGGED]-(r:Resource {compliant: false})
                UNWIND r.violations AS violation
                RETURN t.value AS application, violation, count(DISTINCT r) AS resources
                ORDER BY resources DESC, application, violation LIMIT 5
                """),
        Question(
            title: "Keys, and what could not be read without them",
            words: "By how much depends on each.",
            query: """
                MATCH (k:KMSKey)<-[:ENCRYPTED_BY]-(r:Resource)
                RETURN k.account_id AS account, k.region AS region, count(r) AS resources, count(DISTINCT r.resource_type) AS types
                ORDER BY resources DESC, account, region LIMIT 5
                """),
        Question(
            title: "How two resources hang together",
            words: "The shortest way between an instance and a database, accounts, regions and tags left aside.",
            query: """
                MATCH (i:EC2Instance {instanceid: 'i-04c5acd7755128e4a'}), (d:RDSInstance)
                WITH i, d ORDER BY d.resource_id
                MATCH p = shortestPath((i)-[:PART_OF_SUBNET|MEMBER_OF_AWS_VPC|MEMBER_OF_EC2_SECURITY_GROUP*..4]-(d))
                RETURN [n IN nodes(p) | n.name] AS way, length(p) AS hops ORDER BY hops, way LIMIT 1
                """),
    ]

    private static let head = """
        # Questions for the graph

        What people ask of their clouds, in Cypher, on a node with the samples. Each was asked by `vtag graph -f` and its answer is as it was
        printed. Made by `VTAG_WRITE_DOCS=1 swift test --filter TourTests`; the same test asks again and fails when an answer is
        another. Labels, types and properties: [the inventory](property-graph.md#the-inventory).

        Cartography's queries run where both know the same: labels, `RESOURCE`, `PART_OF_SUBNET` and the like, and the properties in
        `CartographyProperties` have its names. `id` is ours there (a UUID); the provider's is `resource_id`, and `instanceid`, `arn` … as
        Cartography has them. What an account's policies allow, and the rules in security groups, are not in the inventory.

        """

    /// Asks the node, which has the samples as they were loaded, and holds the page against its answers.
    static func check(_ node: NodeProcess, _ tool: CommandLineTool, root: URL) async throws {
        var page = Self.head
        for (position, question) in Self.questions.enumerated() {
            _ = try tool.file("question.cypher", question.query + "\n")
            let outcome = try await tool.run("graph", "-f", "question.cypher", url: node.url, token: node.token)
            #expect(outcome.status == 0, "\(question.title): \(outcome.errors)")
            #expect(outcome.output.split(separator: "\n").count > 1, "\(question.title) has no answer")
            page += "\n## \(position + 1). \(question.title)\n\n\(question.words)\n\n```cypher\n\(question.query)\n```\n\n"
            page += "```\n\(outcome.output)```\n"
        }
        let url = root.appending(path: "docs/graph.md")
        if ProcessInfo.processInfo.environment["VTAG_WRITE_DOCS"] == "1" { try Data(page.utf8).write(to: url) }
        let written = try String(contentsOf: url, encoding: .utf8)
        for (line, other) in zip(written.split(separator: "\n"), page.split(separator: "\n")) where line != other {
            Issue.record("docs/graph.md says \"\(line)\", the node answered \"\(other)\"")
            break
        }
        #expect(written.count == page.count)
    }
}
