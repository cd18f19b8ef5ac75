import HTTPTransport
import Model

/// Every operation of the API.
extension Route {
    static let all: [Route] = operations + ingestion + inventory + tags + governance + plans + audit + retention + graph

    private static let write = Body.json(bytesMax: jsonBytesMax)

    private static let operations: [Route] = [
        Route(.get, "/health/live", nil, place: .node, OperationsEndpoints.live),
        Route(.get, "/health/ready", nil, place: .node, OperationsEndpoints.ready),
        Route(
            .get, "/openapi.yaml", .viewer, reach: .everybody, place: .node, produces: ["application/yaml"],
            OperationsEndpoints.openAPI),
        Route(.get, "/metrics", .viewer, place: .node, produces: ["text/plain"], StatisticsEndpoints.metrics),
        Route(.get, "/cluster", .viewer, place: .node, ClusterEndpoints.overview),
        Route(
            .get, "/cluster/shards/{number}/digests", .viewer, query: DigestEndpoint.query, DigestEndpoint.digests),
        Route(.post, "/cluster/nodes/{name}/drain", .admin, ClusterEndpoints.drain),
        Route(.post, "/cluster/nodes/{name}/activate", .admin, ClusterEndpoints.activate),
        Route(.post, "/region/promote", .admin, place: .node, RegionEndpoints.promote),
        Route(.get, "/stats", .viewer, reach: .scoped, StatisticsEndpoints.statistics),
    ]

    private static let documents = Body.stream([IngestEndpoints.documentType, IngestEndpoints.linesType])

    private static let ingestion: [Route] = [
        Route(
            .post, "/ingest/aws", .governor, reach: .scoped, query: IngestEndpoints.query, body: documents,
            IngestEndpoints.ingest(.aws)),
        Route(
            .post, "/ingest/gcp", .governor, reach: .scoped, query: IngestEndpoints.query, body: documents,
            IngestEndpoints.ingest(.gcp)),
        Route(
            .post, "/ingest/azure", .governor, reach: .scoped, query: IngestEndpoints.query, body: documents,
            IngestEndpoints.ingest(.azure)),
        Route(
            .post, "/ingest/focus", .governor, reach: .scoped, body: .stream([FocusEndpoint.mediaType]),
            FocusEndpoint.ingest),
        Route(
            .post, "/events/eventbridge", .governor, reach: .scoped, query: EventEndpoints.query,
            body: .stream(EventEndpoints.eventBridgeTypes), EventEndpoints.eventBridge),
        Route(
            .post, "/events/pubsub", .governor, reach: .scoped, query: EventEndpoints.query,
            body: .stream(EventEndpoints.pubSubTypes), EventEndpoints.pubSub),
        Route(
            .post, "/events/eventgrid", .governor, reach: .scoped, query: EventEndpoints.query,
            body: .stream(EventEndpoints.eventGridTypes), EventEndpoints.eventGrid),
        Route(.options, "/events/eventgrid", nil, place: .node, EventEndpoints.allowOrigin),
    ]

    private static let inventory: [Route] = [
        Route(
            .get, "/export/focus", .viewer, reach: .scoped, query: ExportEndpoints.query,
            produces: ExportEndpoints.produces, ExportEndpoints.focus),
        Route(
            .get, "/resources", .viewer, reach: .scoped, query: QueryParameter.paging + ResourceEndpoints.filters,
            ResourceEndpoints.list),
        Route(.get, "/resources/{id}", .viewer, reach: .scoped, ResourceEndpoints.get),
        Route(.put, "/resources/{id}", .governor, reach: .scoped, body: write, ResourceEndpoints.put),
        Route(.delete, "/resources/{id}", .admin, reach: .scoped, ResourceEndpoints.delete),
        Route(
            .get, "/resources/{id}/virtual-tags", .viewer, reach: .scoped, query: VirtualTagEndpoints.listQuery,
            VirtualTagEndpoints.list),
        Route(
            .get, "/resources/{id}/explain", .viewer, reach: .scoped, query: ExplainEndpoint.query, ExplainEndpoint.explain),
    ]

    private static let graph: [Route] = [
        Route(.get, "/graphs", .viewer, place: .primary, query: NamedGraphEndpoints.listQuery, NamedGraphEndpoints.list),
        Route(.get, "/graphs/{name}", .viewer, place: .primary, NamedGraphEndpoints.get),
        Route(.put, "/graphs/{name}", .governor, NamedGraphEndpoints.put),
        Route(.delete, "/graphs/{name}", .governor, NamedGraphEndpoints.delete),
        Route(
            .post, "/graph/query", .viewer, reach: .scoped, place: .region,
            body: .json(bytesMax: GraphEndpoints.bodyBytesMax),
            produces: GraphEndpoints.produces, GraphEndpoints.query),
        Route(
            .post, "/db/{name}/query/v2", .viewer, reach: .scoped, place: .region, body: .stream(QueryAPIEndpoint.accepts),
            produces: QueryAPIEndpoint.produces, QueryAPIEndpoint.query),
        Route(
            .get, "/resources/{id}/neighbors", .viewer, reach: .scoped, query: NeighbourEndpoints.neighboursQuery,
            NeighbourEndpoints.neighbours),
        Route(
            .get, "/resources/{id}/impact", .viewer, reach: .scoped, query: NeighbourEndpoints.impactQuery,
            NeighbourEndpoints.impact),
    ]

    private static let tags: [Route] = [
        Route(.post, "/virtual-tags/lookup", .viewer, reach: .scoped, place: .region, body: write, ExportEndpoints.lookup),
        Route(.post, "/virtual-tags/apply", .tagger, reach: .scoped, body: write, VirtualTagEndpoints.apply),
        Route(
            .post, "/virtual-tags/bulk-apply", .tagger, reach: .scoped,
            body: .json(bytesMax: VirtualTagEndpoints.bulkBytesMax), BulkApplyEndpoint.apply),
        Route(.put, "/virtual-tags/{id}", .tagger, reach: .scoped, body: write, VirtualTagEndpoints.put),
        Route(.delete, "/virtual-tags/{id}", .tagger, reach: .scoped, VirtualTagEndpoints.delete),
    ]

    private static let governance: [Route] =
        family(.rules) + family(.definitions, read: .everybody) + family(.policies) + family(.waivers) + [
            Route(.post, "/tag-rules/test", .tagger, reach: .scoped, place: .region, body: write, RuleTestEndpoint.test),
            Route(.get, "/tag-rules/lint", .viewer, query: QueryParameter.paging, LintEndpoint.lint),
            Route(.post, "/tag-rules/{id}/execute", .governor, ExecutionEndpoints.executeRule(.rules)),
            Route(.get, "/tag-schema/proposals", .viewer, query: ProposalEndpoints.listQuery, ProposalEndpoints.list),
            Route(.post, "/tag-schema/proposals/{id}/accept", .governor, ProposalEndpoints.accept),
            Route(.post, "/tag-schema/proposals/{id}/reject", .governor, ProposalEndpoints.reject),
            Route(.post, "/tag-schema/proposals/{id}/reconsider", .governor, ProposalEndpoints.reconsider),
            Route(
                .get, "/executions/{id}", .viewer, reach: .scoped, place: .primary, query: ExecutionEndpoints.getQuery,
                ExecutionEndpoints.get
            ),
            Route(
                .get, "/compliance/status", .viewer, reach: .scoped, query: ComplianceEndpoints.statusQuery,
                ComplianceEndpoints.status),
            Route(
                .get, "/compliance/violations", .viewer, reach: .scoped, query: ComplianceEndpoints.violationsQuery,
                produces: ComplianceEndpoints.produces, ComplianceEndpoints.violations),
            Route(
                .get, "/compliance/scores", .viewer, query: ScoreEndpoints.scoresQuery,
                produces: ComplianceEndpoints.produces, ScoreEndpoints.scores),
            Route(
                .get, "/compliance/history", .viewer, query: ScoreEndpoints.historyQuery,
                produces: ComplianceEndpoints.produces, ScoreEndpoints.history),
            Route(.post, "/compliance/recheck", .governor, ExecutionEndpoints.recheck),
        ]

    /// As rules and policies, whose contents they show.
    private static let plans: [Route] = [
        Route(.get, "/plans", .viewer, query: PlanEndpoints.listQuery, PlanEndpoints.list),
        Route(.post, "/plans", .governor, body: .json(bytesMax: PlanEndpoints.bodyBytesMax), PlanEndpoints.create),
        Route(.get, "/plans/{id}", .viewer, PlanEndpoints.get),
        Route(.delete, "/plans/{id}", .governor, PlanEndpoints.drop),
        Route(.post, "/plans/{id}/apply", .governor, PlanEndpoints.apply),
    ]

    /// - Parameter reach: of reading. Rules and policies name accounts, keys and values of all; the schema is a vocabulary.
    private static func family(_ endpoints: CatalogEndpoints, read reach: Route.Reach = .whole) -> [Route] {
        let one = "\(endpoints.path)/{id}"
        return [
            Route(.get, endpoints.path, .viewer, reach: reach, query: CatalogEndpoints.listQuery, endpoints.list),
            Route(.post, endpoints.path, .governor, body: write, endpoints.create),
            Route(.get, one, .viewer, reach: reach, endpoints.get),
            Route(.put, one, .governor, body: write, endpoints.replace),
            Route(.delete, one, .governor, endpoints.delete),
        ]
    }

    private static let audit: [Route] = [
        Route(
            .get, "/audit/trail", .viewer, reach: .scoped, place: .primary, query: AuditEndpoints.trailQuery,
            produces: AuditEndpoints.produces, AuditEndpoints.trail),
        Route(
            .get, "/audit/reports", .viewer, reach: .scoped, place: .primary, query: AuditEndpoints.reportsQuery,
            produces: AuditEndpoints.produces, AuditEndpoints.reports),
        Route(.get, "/audit/verify", .viewer, place: .primary, query: HistoryEndpoints.verifyQuery, HistoryEndpoints.verify),
    ]

    private static let retention: [Route] = [
        Route(.get, "/audit/retention", .viewer, place: .primary, RetentionEndpoints.get),
        Route(.put, "/audit/retention", .admin, body: write, RetentionEndpoints.put),
        Route(.get, "/audit/holds", .admin, place: .primary, query: QueryParameter.paging, HoldEndpoints.list),
        Route(.post, "/audit/holds", .admin, body: write, HoldEndpoints.place),
        Route(.get, "/audit/holds/{id}", .admin, place: .primary, HoldEndpoints.get),
        Route(.delete, "/audit/holds/{id}", .admin, HoldEndpoints.release),
    ]
}
