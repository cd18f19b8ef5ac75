/// The description of the API that `GET /openapi.yaml` answers with.
///
/// A test holds it against the table of routes: same paths, methods and query parameters.
enum OpenAPIDocument {
    static let text = [
        head, "paths:\n", operationPaths, inventoryPaths, eventPaths, tagPaths, rulePaths, planPaths, compliancePaths,
        auditPaths, retentionPaths, exportPaths, graphPaths, components, schemas, governanceSchemas, graphSchemas,
    ].joined()

    /// The `$ref`s of the problems that an operation may answer with, at the indentation of `responses`' members.
    static func problems(_ statuses: Int...) -> String {
        statuses.map { status in
            guard let name = problemNames[status] else {
                preconditionFailure("No problem is described for status \(status)")
            }
            return "        '\(status)': { $ref: '#/components/responses/\(name)' }"
        }.joined(separator: "\n")
    }

    /// What any operation with a token may answer.
    static let always = problems(400, 401, 403, 406, 414, 431, 500, 503, 504)
    /// What any operation with a body may answer beside.
    static let written = problems(408, 413, 415, 422, 429)

    static let problemNames = [
        400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed",
        406: "NotAcceptable", 408: "RequestTimeout", 409: "Conflict", 410: "Gone", 412: "PreconditionFailed",
        413: "ContentTooLarge",
        414: "UriTooLong", 415: "UnsupportedMediaType", 422: "ValidationFailed", 429: "TooManyRequests",
        431: "HeadersTooLarge", 500: "InternalError", 503: "Unavailable", 504: "RevisionNotReached",
    ]

    private static let head = #"""
        openapi: 3.1.0
        info:
          title: Virtual Tagger
          version: 0.1.0
          summary: A second layer of tags over cloud resources of AWS, GCP and Azure.
          description: |
            JSON in `snake_case`; times in RFC 3339, UTC, with milliseconds. Every path but `/health/*` needs
            `Authorization: Bearer <JWT>`. Roles: `viewer` < `tagger` < `governor` < `admin`; each operation names the least one.

            **Problems** are `application/problem+json` (RFC 9457), with `errors[{pointer,message}]` where parts of the request
            are at fault: a JSON Pointer into the body, or `?name` for a query parameter.

            **Lists** answer `{"items": […], "next_cursor": …}`. For the next page repeat the request with `cursor=` the
            `next_cursor`, and `limit=` as you like. A cursor belongs to its query and cannot be made up: any other is 400.

            **Conditional requests.** Every GET of one thing has an `ETag`. `If-None-Match` with it answers 304; `If-Match` on PUT
            and DELETE answers 412 when the thing has changed since, `If-None-Match: *` on PUT when it exists.

            **Consistency.** Reads find everything that was acknowledged before they came, on any node. With
            `Read-Consistency: stale` they find what the node has, without asking others, and say how old that may be.

            **Regions.** Every write answers with `Revision`, which says where it is. A read with `Min-Revision` waits until the node
            that is asked has that, 10 s at most or as long as `Prefer: wait=SECONDS` says, else it is 504
            (`urn:vtag:problem:revision-not-reached`) and names what the node has. A node of a region that follows another one
            answers reads from what its region has, with `Staleness-Ms` and `As-Of-Index`; writes, the audit history, and reads with
            `Read-Consistency: linearizable` it passes on to the region that it follows.

            **Retries.** Any write takes an `Idempotency-Key` (1 to 255 visible ASCII characters): the same key with the same
            request answers the same and does nothing twice; with another request (path, query, body, `If-Match`, `If-None-Match`) it
            is 422. Kept for a day. 409 when the answer would describe what was deleted since, but for tags set by hand, whose
            answer is kept.

            **Request ids.** `X-Request-Id` (1 to 64 letters, digits, `-_.:`) is taken over and echoed, or made.

            **Warnings.** What is odd, but has a meaning, is carried out; `warnings[{pointer,message}]` in the answer tells.

            **Limits.** A regular expression may cost about 10,000 instructions, those of one condition 30,000, those of all rules
            and policies 2,000,000; repeats and Unicode classes count by their size. A JSON body may have 1 MiB (bulk requests
            and plans 8 MiB, ingested documents 100 MiB) and 64 levels; over it 413 or
            400. A node that cannot keep up answers 429 or 503 with `Retry-After`, one that limits what each subject of tokens may
            send (`--rate-limit`) answers any request with 429; nothing of such a request happened,
            unless the problem's type is `urn:vtag:problem:outcome-unknown`.
        servers:
          - url: /
        security:
          - token: []
        tags:
          - name: inventory
          - name: events
          - name: tags
          - name: rules
          - name: plans
          - name: schema
          - name: compliance
          - name: audit
          - name: graph
          - name: operations

        """#
}
