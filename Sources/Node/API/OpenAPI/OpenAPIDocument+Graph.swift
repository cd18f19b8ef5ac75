extension OpenAPIDocument {
    static let graphPaths = #"""
          /graph/query:
            post:
              operationId: queryGraph
              tags: [graph]
              summary: Ask the graph of resources and relationships, in openCypher (viewer)
              description: |
                The graph holds every resource as a node, joined to what it depends on, to its account and region, and to its
                effective tags ([the page](docs/property-graph.md) tells labels, types and properties). It is read-only: it follows the
                resources. A query finds everything that was acknowledged before it came.

                With `Accept: application/x-ndjson` the answer is streamed: a line `{"columns": […]}`, a line for each row (an
                array), and a last line `{"stats": …}`, or `{"error": problem}` where the query failed on its way.

                An error names class, phase and detail as openCypher's compatibility kit does, and the place in the query.
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      required: [query]
                      additionalProperties: false
                      properties:
                        query: { type: string, minLength: 1 }
                        parameters: { type: [object, 'null'], description: 'Values of `$name` in the query' }
                        graph: { type: string, minLength: 1, maxLength: 255, description: '`inventory`, which is the default' }
                        timeout_seconds:
                          type: integer
                          minimum: \#(GraphEndpoints.timeoutSeconds.lowerBound)
                          maximum: \#(GraphEndpoints.timeoutSeconds.upperBound)
                          default: 30
                        memory_mib:
                          type: integer
                          minimum: \#(GraphEndpoints.memoryMiB.lowerBound)
                          maximum: \#(GraphEndpoints.memoryMiB.upperBound)
                          default: 256
              responses:
                '200':
                  description: The rows
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [columns, rows, stats]
                        properties:
                          columns: { type: array, items: { type: string } }
                          rows:
                            type: array
                            items:
                              type: array
                              items:
                                description: |
                                  A plain value; or an object with `$type` `node` (`id`, `labels`, `properties`), `relationship`
                                  (`id`, `type`, `start`, `end`, `properties`) or `path` (`nodes`, `relationships`). Times are
                                  text of ISO 8601.
                          stats:
                            type: object
                            properties:
                              rows: { type: integer }
                              milliseconds: { type: integer }
                          plan: { type: array, items: { type: string }, description: Of EXPLAIN and PROFILE }
                    application/x-ndjson:
                      schema: { type: string }
        \#(always)
        \#(problems(404))
        \#(written)
          /db/{name}/query/v2:
            parameters:
              - name: name
                in: path
                required: true
                description: '`neo4j`, which is the inventory''s graph.'
                schema: { type: string }
            post:
              operationId: queryAPI
              tags: [graph]
              summary: The same as Neo4j's Query API (viewer)
              description: |
                `{"statement", "parameters"}` in, `{"data": {"fields", "values"}, "bookmarks"}` out, in plain JSON or with types.
                Errors are `{"errors": [{"code", "message", "opencypher"}]}`.
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
              requestBody:
                required: true
                content:
                  application/json: { schema: { $ref: '#/components/schemas/Statement' } }
                  application/vnd.neo4j.query: { schema: { $ref: '#/components/schemas/Statement' } }
                  application/vnd.neo4j.query.v1.0: { schema: { $ref: '#/components/schemas/Statement' } }
                  application/vnd.neo4j.query.v1.1: { schema: { $ref: '#/components/schemas/Statement' } }
              responses:
                '202':
                  description: The rows
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/StatementResult' } }
                    application/vnd.neo4j.query: { schema: { $ref: '#/components/schemas/StatementResult' } }
                    application/vnd.neo4j.query.v1.0: { schema: { $ref: '#/components/schemas/StatementResult' } }
                    application/vnd.neo4j.query.v1.1: { schema: { $ref: '#/components/schemas/StatementResult' } }
        \#(always)
        \#(problems(404))
        \#(written)

        """#

    static let graphSchemas = #"""
            Statement:
              type: object
              required: [statement]
              properties:
                statement: { type: string, minLength: 1 }
                parameters: { type: object }
                includeCounters: { type: boolean }
            StatementResult:
              type: object
              required: [data, bookmarks]
              properties:
                data:
                  type: object
                  required: [fields, values]
                  properties:
                    fields: { type: array, items: { type: string } }
                    values: { type: array, items: { type: array } }
                counters: { type: object }
                bookmarks: { type: array, items: { type: string } }

        """#
}
