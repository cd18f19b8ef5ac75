import HTTPTransport
import Model

/// Every operation of the API.
extension Route {
    static let all: [Route] = operations + ingestion + inventory + tags + governance + audit

    private static let write = Body.json(bytesMax: jsonBytesMax)

    private static let operations: [Route] = [
        Route(.get, "/health/live", nil, OperationsEndpoints.live),
        Route(.get, "/health/ready", nil, OperationsEndpoints.ready),
        Route(.get, "/openapi.yaml", .viewer, produces: ["application/yaml"], OperationsEndpoints.openAPI),
        Route(.get, "/metrics", .viewer, produces: ["text/plain"], StatisticsEndpoints.metrics),
        Route(.get, "/cluster", .viewer, ClusterEndpoints.overview),
        Route(.post, "/cluster/nodes/{name}/drain", .admin, ClusterEndpoints.drain),
        Route(.post, "/cluster/nodes/{name}/activate", .admin, ClusterEndpoints.activate),
        Route(.get, "/stats", .viewer, StatisticsEndpoints.statistics),
    ]

    private static let documents = Body.stream([IngestEndpoints.documentType, IngestEndpoints.linesType])

    private static let ingestion: [Route] = [
        Route(.post, "/ingest/aws", .governor, query: IngestEndpoints.query, body: documents, IngestEndpoints.ingest(.aws)),
        Route(.post, "/ingest/gcp", .governor, query: IngestEndpoints.query, body: documents, IngestEndpoints.ingest(.gcp)),
        Route(
            .post, "/ingest/azure", .governor, query: IngestEndpoints.query, body: documents, IngestEndpoints.ingest(.azure)),
        Route(.post, "/ingest/focus", .governor, body: .stream([FocusEndpoint.mediaType]), FocusEndpoint.ingest),
        Route(
            .post, "/events/eventbridge", .governor, query: EventEndpoints.query,
            body: .stream(EventEndpoints.eventBridgeTypes), EventEndpoints.eventBridge),
        Route(
            .post, "/events/pubsub", .governor, query: EventEndpoints.query, body: .stream(EventEndpoints.pubSubTypes),
            EventEndpoints.pubSub),
        Route(
            .post, "/events/eventgrid", .governor, query: EventEndpoints.query,
            body: .stream(EventEndpoints.eventGridTypes), EventEndpoints.eventGrid),
        Route(.options, "/events/eventgrid", nil, EventEndpoints.allowOrigin),
    ]

    private static let inventory: [Route] = [
        Route(.get, "/resources", .viewer, query: QueryParameter.paging + ResourceEndpoints.filters, ResourceEndpoints.list),
        Route(.get, "/resources/{id}", .viewer, ResourceEndpoints.get),
        Route(.put, "/resources/{id}", .governor, body: write, ResourceEndpoints.put),
        Route(.delete, "/resources/{id}", .admin, ResourceEndpoints.delete),
        Route(.get, "/resources/{id}/virtual-tags", .viewer, VirtualTagEndpoints.list),
        Route(.get, "/resources/{id}/explain", .viewer, query: ExplainEndpoint.query, ExplainEndpoint.explain),
    ]

    private static let tags: [Route] = [
        Route(.post, "/virtual-tags/apply", .tagger, body: write, VirtualTagEndpoints.apply),
        Route(
            .post, "/virtual-tags/bulk-apply", .tagger, body: .json(bytesMax: VirtualTagEndpoints.bulkBytesMax),
            BulkApplyEndpoint.apply),
        Route(.put, "/virtual-tags/{id}", .tagger, body: write, VirtualTagEndpoints.put),
        Route(.delete, "/virtual-tags/{id}", .tagger, VirtualTagEndpoints.delete),
    ]

    private static let governance: [Route] =
        family(.rules) + family(.definitions) + family(.policies) + [
            Route(.post, "/tag-rules/test", .tagger, body: write, RuleTestEndpoint.test),
            Route(.get, "/tag-rules/lint", .viewer, query: QueryParameter.paging, LintEndpoint.lint),
            Route(.post, "/tag-rules/{id}/execute", .governor, ExecutionEndpoints.executeRule(.rules)),
            Route(.get, "/executions/{id}", .viewer, ExecutionEndpoints.get),
            Route(.get, "/compliance/status", .viewer, query: ComplianceEndpoints.statusQuery, ComplianceEndpoints.status),
            Route(
                .get, "/compliance/violations", .viewer, query: ComplianceEndpoints.violationsQuery,
                ComplianceEndpoints.violations),
            Route(.post, "/compliance/recheck", .governor, ExecutionEndpoints.recheck),
        ]

    private static func family(_ endpoints: CatalogEndpoints) -> [Route] {
        let one = "\(endpoints.path)/{id}"
        return [
            Route(.get, endpoints.path, .viewer, query: CatalogEndpoints.listQuery, endpoints.list),
            Route(.post, endpoints.path, .governor, body: write, endpoints.create),
            Route(.get, one, .viewer, endpoints.get),
            Route(.put, one, .governor, body: write, endpoints.replace),
            Route(.delete, one, .governor, endpoints.delete),
        ]
    }

    private static let audit: [Route] = [
        Route(
            .get, "/audit/trail", .viewer, query: AuditEndpoints.trailQuery, produces: AuditEndpoints.produces,
            AuditEndpoints.trail),
        Route(
            .get, "/audit/reports", .viewer, query: AuditEndpoints.reportsQuery, produces: AuditEndpoints.produces,
            AuditEndpoints.reports),
    ]
}
