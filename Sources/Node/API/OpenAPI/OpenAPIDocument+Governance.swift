import Model

extension OpenAPIDocument {
    static let rulePaths = #"""
        \#(family("/tag-rules", "TagRule", "rules", "tag rule", "In the order in which they run."))
          /tag-rules/test:
            post:
              operationId: testTagRule
              tags: [rules]
              summary: What a rule would change; changes nothing (tagger)
              description: The rule is put beside those in force and tried on every resource. It need not be stored.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/TagRuleDocument' }
              responses:
                '200':
                  description: How many resources it holds for and would change, value by value, whom it meets, what moves, with samples
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/RuleTest' }
        \#(always)
        \#(written)
        \#(lintPath)
          /tag-rules/{id}/execute:
            parameters:
              - $ref: '#/components/parameters/Id'
            post:
              operationId: executeTagRule
              tags: [rules]
              summary: Judge all resources anew, now (governor)
              description: Rules are always in force; this runs them again over everything.
              responses:
                '202': { $ref: '#/components/responses/Accepted' }
        \#(always)
        \#(problems(404, 422, 429))
          /executions/{id}:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: getExecution
              tags: [rules]
              summary: How far an execution has come (viewer)
              parameters:
                - name: wait
                  in: query
                  description: |
                    Seconds to wait for it to come further or to end, at most. \#(ExecutionWatch.watchersMax) requests wait at once, more are answered 503.
                  schema: { type: integer, minimum: 1, maximum: \#(ExecutionEndpoints.waitSecondsMax) }
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: The execution
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Execution' }
        \#(always)
        \#(problems(404))
        \#(family("/tag-schema", "TagDefinition", "schema", "tag definition", "In the order of their keys."))
        \#(proposalPaths)

        """#

    static let compliancePaths = #"""
        \#(family("/compliance/policies", "Policy", "compliance", "policy", "In the order of their names."))
        \#(family("/compliance/waivers", "Waiver", "compliance", "waiver", "In the order of their names, expired ones among them."))
          /compliance/status:
            get:
              operationId: complianceStatus
              tags: [compliance]
              summary: The compliance score, or what was found of one resource (viewer)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - name: resource_id
                  in: query
                  description: Our id, or the provider's own. With it the answer is a list of this resource's statuses.
                  schema: { $ref: '#/components/schemas/ResourceName' }
              responses:
                '200':
                  description: A summary, or the statuses of one resource
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema:
                        oneOf:
                          - $ref: '#/components/schemas/ComplianceSummary'
                          - $ref: '#/components/schemas/ComplianceStatuses'
        \#(always)
        \#(problems(404))
          /compliance/violations:
            get:
              operationId: listViolations
              tags: [compliance]
              summary: What violates policies (viewer)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - $ref: '#/components/parameters/Limit'
                - { name: policy_id, in: query, schema: { $ref: '#/components/schemas/Id' } }
                - { name: severity, in: query, schema: { $ref: '#/components/schemas/Severity' } }
                - name: waived
                  in: query
                  description: Those that a waiver allows, or those that none does; both without it.
                  schema: { type: string, enum: ['true', 'false'] }
                - name: resource_id
                  in: query
                  description: Our id, or the provider's own.
                  schema: { $ref: '#/components/schemas/ResourceName' }
              responses:
                '200':
                  description: |
                    A page of statuses that are not compliant; as CSV a line for each violation, and the next cursor in the field
                    X-Next-Cursor
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                    X-Next-Cursor: { schema: { type: string } }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/ComplianceStatuses' }
                    text/csv:
                      schema: { type: string }
        \#(always)
          /compliance/scores:
            get:
              operationId: complianceScores
              tags: [compliance]
              summary: The score by policy, account, team or whatever else, and weighted by cost (viewer)
              description: |
                The worst group first. A waived violation does not count against the score. Costs are those of FOCUS exports, by
                currency. At most 10,000 groups are told apart; `others` counts the rest. As CSV all groups.
              parameters:
                - $ref: '#/components/parameters/Limit'
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - name: group_by
                  in: query
                  description: policy (the default), severity, provider, account_id, region, resource_type, or tags.KEY.
                  schema:
                    type: string
                    maxLength: 261
                    pattern: '^(policy|severity|provider|account_id|region|resource_type|tags\.[^\u0000-\u0020\u007F]([^\u0000-\u001F\u007F]*[^\u0000-\u0020\u007F])?)$'
                - name: month
                  in: query
                  description: Counts the costs of that month alone.
                  schema: { type: string, pattern: '^[0-9]{4}-(0[1-9]|1[0-2])$' }
              responses:
                '200':
                  description: Scores
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Scores' }
                    text/csv:
                      schema: { type: string }
        \#(always)
          /compliance/history:
            get:
              operationId: complianceHistory
              tags: [compliance]
              summary: The score day by day (viewer)
              description: As it last was on each day (UTC), today as it is now; \#(ScoreDay.daysMax) days are kept.
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - { name: from, in: query, description: Not before., schema: { $ref: '#/components/schemas/Day' } }
                - { name: to, in: query, description: Not after., schema: { $ref: '#/components/schemas/Day' } }
              responses:
                '200':
                  description: Days, the oldest first
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_cursor]
                        properties:
                          items: { type: array, items: { $ref: '#/components/schemas/ScoreDay' } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
                    text/csv:
                      schema: { type: string }
        \#(always)
          /compliance/recheck:
            post:
              operationId: recheck
              tags: [compliance]
              summary: Judge all resources anew, now (governor)
              description: Compliance is judged in the same commit as each change; this checks everything again.
              responses:
                '202': { $ref: '#/components/responses/Accepted' }
        \#(always)
        \#(problems(422, 429))

        """#

    static let auditPaths = #"""
          /audit/trail:
            get:
              operationId: auditTrail
              tags: [audit]
              summary: Who changed what, when, from what to what, and why (viewer)
              description: Newest first.
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - $ref: '#/components/parameters/Limit'
                - name: resource_id
                  in: query
                  description: Our id, or the provider's own.
                  schema: { $ref: '#/components/schemas/ResourceName' }
                - { name: action, in: query, schema: { $ref: '#/components/schemas/AuditAction' } }
                - { name: actor, in: query, schema: { $ref: '#/components/schemas/FilterText' } }
                - { name: tag_key, in: query, schema: { $ref: '#/components/schemas/FilterText' } }
                - { name: rule_id, in: query, schema: { $ref: '#/components/schemas/Id' } }
                - name: unsent
                  in: query
                  description: >-
                    Where another cluster took this one's place: only what this one acknowledged and its successor never had. Not
                    together with resource_id.
                  schema: { type: string, enum: ['true', 'false'] }
                - { name: from, in: query, description: Not before., schema: { $ref: '#/components/schemas/Time' } }
                - { name: to, in: query, description: Before., schema: { $ref: '#/components/schemas/Time' } }
              responses:
                '200':
                  description: A page of entries; as CSV the next cursor is in the field X-Next-Cursor
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                    X-Next-Cursor: { schema: { type: string } }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_cursor]
                        properties:
                          items: { type: array, items: { $ref: '#/components/schemas/AuditEntry' } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
                    text/csv:
                      schema: { type: string }
        \#(always)
          /audit/reports:
            get:
              operationId: auditReports
              tags: [audit]
              summary: Changes counted by day, action and actor (viewer)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - { name: from, in: query, description: Not before., schema: { $ref: '#/components/schemas/Time' } }
                - { name: to, in: query, description: Before., schema: { $ref: '#/components/schemas/Time' } }
              responses:
                '200':
                  description: Counts
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_cursor]
                        properties:
                          items:
                            type: array
                            items:
                              type: object
                              required: [day, action, actor, count]
                              properties:
                                day: { type: string, format: date }
                                action: { $ref: '#/components/schemas/AuditAction' }
                                actor: { type: string }
                                count: { type: integer, minimum: 1 }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
                    text/csv:
                      schema: { type: string }
        \#(always)
          /audit/verify:
            get:
              operationId: verifyAudit
              tags: [audit]
              summary: Prove that the audit history is what was written (viewer)
              description: |
                Each entry has a hash (SHA-256) of itself and of the hash before it. They are worked out anew for each shard, shard 0
                being the one of rules, schema, policies and the cluster: in this node's copy, or, where it has none, in another
                node's. `head` is the hash of the entry `last`, and the same on every node: whoever keeps it can tell later that
                nothing before it was altered. Of entries that the retention removed, their hashes stand in their place; where nothing
                older is left, the verification begins behind `removed.up_to`, with the hash of that entry. A `fault` names the first entry that is not what was written. Follow `next_cursor`
                to the end.
              parameters:
                - $ref: '#/components/parameters/Limit'
              responses:
                '200':
                  description: What was found
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_cursor]
                        properties:
                          items:
                            type: array
                            items:
                              type: object
                              required: [shard, first, last, head, intact, fault, removed]
                              properties:
                                shard: { type: integer, minimum: 0 }
                                first: { type: integer, minimum: 1 }
                                last: { type: integer, minimum: 0 }
                                head: { type: [string, 'null'], pattern: '^[0-9a-f]{64}$' }
                                intact: { type: boolean }
                                fault:
                                  type: [object, 'null']
                                  required: [sequence, problem]
                                  properties:
                                    sequence: { type: integer, minimum: 0 }
                                    problem: { type: string, enum: [missing, altered, unchained, wrong_end, added] }
                                removed:
                                  description: What the retention has taken from the shard's history.
                                  type: [object, 'null']
                                  required: [entries, up_to, before, months]
                                  properties:
                                    entries: { type: integer, minimum: 0 }
                                    up_to: { description: 'All entries up to this one; 0: an older one is held.', type: integer }
                                    before: { $ref: '#/components/schemas/Time' }
                                    months: { type: integer }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)

        """#

    /// The five operations that rules, tag definitions and policies have alike.
    private static func family(_ path: String, _ schema: String, _ tag: String, _ noun: String, _ order: String) -> String {
        #"""
          \#(path):
            get:
              operationId: list\#(schema)s
              tags: [\#(tag)]
              summary: "Each \#(noun) there is (viewer)"
              description: \#(order)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - $ref: '#/components/parameters/Limit'
                - { name: name, in: query, schema: { $ref: '#/components/schemas/FilterText' } }
              responses:
                '200':
                  description: A page
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_cursor]
                        properties:
                          items: { type: array, items: { $ref: '#/components/schemas/\#(schema)' } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)
            post:
              operationId: create\#(schema)
              tags: [\#(tag)]
              summary: "Create a \#(noun); it is in force at once (governor)"
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/\#(schema)Document' }
              responses:
                '201':
                  description: Created
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                    Location: { schema: { type: string } }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/\#(schema)' }
                  links:
                    get: { operationId: get\#(schema), parameters: { id: $response.body#/id } }
                    delete: { operationId: delete\#(schema), parameters: { id: $response.body#/id } }
        \#(always)
        \#(written)
        \#(problems(409))
          \#(path)/{id}:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: get\#(schema)
              tags: [\#(tag)]
              summary: "One \#(noun) (viewer)"
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: It
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/\#(schema)' }
                '304': { $ref: '#/components/responses/NotModified' }
        \#(always)
        \#(problems(404))
            put:
              operationId: replace\#(schema)
              tags: [\#(tag)]
              summary: "Replace a \#(noun); it is in force at once (governor)"
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/\#(schema)Document' }
              responses:
                '200':
                  description: Replaced
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/\#(schema)' }
        \#(always)
        \#(written)
        \#(problems(404, 409, 412))
            delete:
              operationId: delete\#(schema)
              tags: [\#(tag)]
              summary: "Delete a \#(noun); what it made goes with it (governor)"
              responses:
                '204': { $ref: '#/components/responses/Done' }
        \#(always)
        \#(problems(404, 412, 422, 429))
        """#
    }
}
