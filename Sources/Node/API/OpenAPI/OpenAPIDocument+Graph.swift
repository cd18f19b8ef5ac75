import InventoryGraph
import Shard

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
                resources. With `graph` the query goes to a graph of one's own (`PUT /graphs/{name}`), which it may change (tagger): all of
                it or nothing, at most \#(NamedGraphLimits.transactionChangesMax) changes at a time; the answer comes once it is
                replicated. A query finds everything that was acknowledged before it came.

                With `Accept: application/x-ndjson` the answer is streamed: a line `{"columns": […]}`, a line for each row (an
                array), and a last line `{"stats": …}`, or `{"error": problem}` where the query failed on its way.

                An error names class, phase and detail as openCypher's compatibility kit does, and the place in the query.
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
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
                        graph: { type: string, minLength: 1, maxLength: 255, description: 'A named graph; else `inventory`, the default' }
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
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
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
                            additionalProperties: { type: integer, description: 'Of a query that writes: nodes_created and so on' }
                          plan: { type: array, items: { type: string }, description: Of EXPLAIN and PROFILE }
                    application/x-ndjson:
                      schema: { type: string }
        \#(always)
        \#(problems(404, 409))
        \#(written)
          /db/{name}/query/v2:
            parameters:
              - name: name
                in: path
                required: true
                description: 'A named graph; `neo4j` is the inventory''s.'
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
                - $ref: '#/components/parameters/MinRevision'
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
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json: { schema: { $ref: '#/components/schemas/StatementResult' } }
                    application/vnd.neo4j.query: { schema: { $ref: '#/components/schemas/StatementResult' } }
                    application/vnd.neo4j.query.v1.0: { schema: { $ref: '#/components/schemas/StatementResult' } }
                    application/vnd.neo4j.query.v1.1: { schema: { $ref: '#/components/schemas/StatementResult' } }
        \#(always)
        \#(problems(404, 409))
        \#(written)
          /resources/{id}/neighbors:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: listNeighbors
              tags: [graph]
              summary: What lies around a resource, nearest first (viewer)
              description: |
                Each neighbour once, by a shortest way. `truncated` says that there are more than `limit`, or that more than
                \#(NeighbourhoodWalk.relationshipsMax) relationships would have to be looked at.
              parameters:
                - name: types
                  in: query
                  description: |
                    Types of relationships, with commas between: `attached_to`, `in_subnet` …, and the graph's `TAGGED`, `IN_REGION` and
                    `RESOURCE` (from an account). Without it, all those between resources.
                  schema: { type: string, maxLength: 1024 }
                - name: direction
                  in: query
                  description: '`out`: what it refers to; `in`: what refers to it'
                  schema: { type: string, enum: [out, in, any], default: any }
                - name: depth
                  in: query
                  schema: { type: integer, minimum: 1, maximum: \#(NeighbourhoodWalk.depthMax), default: 1 }
                - $ref: '#/components/parameters/Limit'
                - $ref: '#/components/parameters/ReadConsistency'
              responses:
                '200':
                  description: The neighbours
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Neighbourhood' }
        \#(always)
        \#(problems(404))
          /resources/{id}/impact:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: listImpact
              tags: [graph]
              summary: What depends on a resource (viewer)
              description: |
                What would feel it if the resource were gone: what lies in it, runs on it, is encrypted with it, is made from it or
                protected by it, what it is attached to, and what depends on these in turn; nearest first.
              parameters:
                - name: depth
                  in: query
                  schema:
                    { type: integer, minimum: 1, maximum: \#(NeighbourhoodWalk.depthMax), default: \#(NeighbourhoodWalk.depthMax) }
                - $ref: '#/components/parameters/Limit'
                - $ref: '#/components/parameters/ReadConsistency'
              responses:
                '200':
                  description: What depends on it
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Neighbourhood' }
        \#(always)
        \#(problems(404))
          /graphs:
            get:
              operationId: listGraphs
              tags: [graph]
              summary: The graphs of one's own, by name (viewer)
              parameters:
                - $ref: '#/components/parameters/Limit'
                - $ref: '#/components/parameters/ReadConsistency'
              responses:
                '200':
                  description: A page
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_cursor]
                        properties:
                          items: { type: array, items: { $ref: '#/components/schemas/NamedGraph' } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)
          /graphs/{name}:
            parameters:
              - name: name
                in: path
                required: true
                description: Letters, digits, `-`, `_` and `.`
                schema: { type: string }
            get:
              operationId: getGraph
              tags: [graph]
              summary: What is in a graph of one's own (viewer)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
              responses:
                '200':
                  description: The graph
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/NamedGraph' }
        \#(always)
        \#(problems(404))
            put:
              operationId: putGraph
              tags: [graph]
              summary: Make a graph of one's own, if there is none of the name (governor)
              description: |
                An empty graph, durable and replicated as everything else. There may be \#(NamedGraphLimits.graphsMax) of them, each of
                \#(NamedGraphLimits.graphBytesMax >> 20) MiB of memory.
              responses:
                '200':
                  description: It was there
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/NamedGraph' }
                '201':
                  description: It is new
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/NamedGraph' }
        \#(always)
        \#(problems(404, 422, 429))
            delete:
              operationId: deleteGraph
              tags: [graph]
              summary: Drop a graph of one's own with all that is in it (governor)
              responses:
                '204': { $ref: '#/components/responses/Done' }
        \#(always)
        \#(problems(404, 412, 422, 429))

        """#

    static let graphSchemas = #"""
            Neighbourhood:
              type: object
              required: [items, truncated]
              properties:
                items:
                  type: array
                  items:
                    type: object
                    required: [id, labels, distance, via]
                    properties:
                      id: { type: string, description: 'A resource''s UUID; `account:…`, `region:…` or `tag:…` for the others' }
                      labels: { type: array, items: { type: string }, description: '`Unobserved`: no payload has described it' }
                      provider: { type: string }
                      resource_id: { type: string }
                      resource_type: { type: string }
                      name: { type: string }
                      account_id: { type: string }
                      region: { type: string }
                      key: { type: string }
                      value: { type: string }
                      distance: { type: integer, minimum: 1 }
                      via:
                        type: object
                        description: The relationship that leads here, from `from`, which is one hop nearer
                        required: [type, direction, from]
                        properties:
                          type: { type: string }
                          direction: { type: string, enum: [out, in] }
                          from: { type: string }
                truncated: { type: boolean }
            NamedGraph:
              type: object
              required: [name, nodes, relationships, memory_bytes]
              properties:
                name: { type: string }
                nodes: { type: integer }
                relationships: { type: integer }
                memory_bytes: { type: integer, description: About what it takes }
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
