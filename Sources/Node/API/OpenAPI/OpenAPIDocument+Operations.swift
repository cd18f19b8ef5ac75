extension OpenAPIDocument {
    static let operationPaths = #"""
          /health/live:
            get:
              operationId: live
              tags: [operations]
              summary: Does the process answer
              security: []
              responses:
                '200': { $ref: '#/components/responses/Health' }
        \#(problems(400, 406))
          /health/ready:
            get:
              operationId: ready
              tags: [operations]
              summary: Does the node take requests
              description: >
                503 while it stops, from the first write that a full disk refused until there is room again, and while it hears
                nothing from a majority of the cluster.
              security: []
              responses:
                '200': { $ref: '#/components/responses/Health' }
        \#(problems(400, 406, 503))
          /openapi.yaml:
            get:
              operationId: openapi
              tags: [operations]
              summary: This description (viewer)
              responses:
                '200':
                  description: OpenAPI 3.1 in YAML
                  content:
                    application/yaml:
                      schema: { type: object }
        \#(always)
          /metrics:
            get:
              operationId: metrics
              tags: [operations]
              summary: Metrics in the text format of Prometheus (viewer)
              responses:
                '200':
                  description: Samples
                  content:
                    text/plain:
                      schema: { type: string }
        \#(always)
          /cluster:
            get:
              operationId: cluster
              tags: [operations]
              summary: Nodes and shards (viewer)
              responses:
                '200':
                  description: Nodes, shards, leaders and replication lag in entries
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Cluster' }
        \#(always)
          /cluster/shards/{number}/digests:
            parameters:
              - name: number
                in: path
                required: true
                description: A shard; 0 stands for rules, tag definitions and policies.
                schema: { type: integer, minimum: 0 }
            get:
              operationId: shardDigests
              tags: [operations]
              summary: Hashes of what should be in PostgreSQL (viewer)
              description: |
                One for each resource of the shard, with its tags, findings and costs, in the order of the ids. `vtag verify` works
                out the same from the database, and compares.
              parameters:
                - $ref: '#/components/parameters/Limit'
                - name: after
                  in: query
                  description: What comes after this id; an id of that shard.
                  schema: { type: string, format: uuid }
              responses:
                '200':
                  description: Hashes
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_after]
                        properties:
                          items:
                            type: array
                            items:
                              type: object
                              required: [id, changed_index, digest]
                              properties:
                                id: { type: string, format: uuid }
                                changed_index: { type: integer, minimum: 0 }
                                digest: { type: string, pattern: '^[0-9a-f]{16}$' }
                          next_after: { type: [string, 'null'], format: uuid }
        \#(always)
        \#(problems(404))
          /cluster/nodes/{name}/drain:
            parameters:
              - $ref: '#/components/parameters/NodeName'
            post:
              operationId: drainNode
              tags: [operations]
              summary: Empty a node of leaders and replicas (admin)
              description: It goes on serving and forwarding. It is empty when `GET /cluster` says that it has no replicas.
              responses:
                '202': { $ref: '#/components/responses/NodeDecision' }
        \#(always)
        \#(problems(404, 409, 422, 429))
          /cluster/nodes/{name}/activate:
            parameters:
              - $ref: '#/components/parameters/NodeName'
            post:
              operationId: activateNode
              tags: [operations]
              summary: Let a draining node hold shards again (admin)
              responses:
                '202': { $ref: '#/components/responses/NodeDecision' }
        \#(always)
        \#(problems(404, 409, 422, 429))
          /region/promote:
            post:
              operationId: promoteRegion
              tags: [operations]
              summary: Make a node that follows a region the cluster of its own (admin)
              description: >
                The region's PostgreSQL is promoted first; 409, and nothing has changed, while it is a standby, and on a node that follows
                nothing. The node stops, starts again by itself, takes the database over from the cluster that it followed, which takes no
                more changes once it learns of that, and serves when `/health/ready` says so.
              responses:
                '202':
                  description: The node starts again
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [node, takes_over_from, state]
                        properties:
                          node: { type: string }
                          takes_over_from: { type: string, format: uuid, description: The cluster that was followed }
                          state: { type: string, enum: [promoting] }
        \#(always)
        \#(problems(409, 422, 429))
          /stats:
            get:
              operationId: stats
              tags: [operations]
              summary: Sums over the inventory (viewer)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: Sums
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Statistics' }
        \#(always)

        """#
}
