import Shard

/// What the API says of plans.
extension OpenAPIDocument {
    static let planPaths = #"""
          /plans:
            get:
              operationId: listPlans
              tags: [plans]
              summary: The plans that are kept, the newest first (viewer)
              parameters:
                - $ref: '#/components/parameters/Limit'
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
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
                          items: { type: array, items: { $ref: '#/components/schemas/PlanSummary' } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)
            post:
              operationId: createPlan
              tags: [plans]
              summary: Work out what changes of rules, definitions and policies would do (governor)
              description: |
                Changes nothing but the list of plans. The figures are those of `POST /tag-rules/test`, for all changes at once, with
                the violations that would appear and go away. Unless `figures` is false they take a walk over all resources. A
                node works out a few plans at once, lets a few wait, and answers 503 to more.

                A plan has at most \#(CatalogPlan.changesMax) changes and \#(CatalogPlan.bytesMax >> 20) MiB. It is kept for \#(CatalogPlan.ageMillisecondsMax / 3_600_000) hours; of more than
                \#(CatalogPlan.countMax) plans, or \#(CatalogPlan.totalBytesMax >> 20) MiB of them, the oldest go.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/PlanDraft' }
              responses:
                '201':
                  description: The plan
                  headers:
                    Location: { schema: { type: string } }
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Plan' }
        \#(always)
        \#(written)
        \#(problems(409))
          /plans/{id}:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: getPlan
              tags: [plans]
              summary: A plan whole (viewer)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: The plan
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Plan' }
                '304': { $ref: '#/components/responses/NotModified' }
        \#(always)
        \#(problems(404))
            delete:
              operationId: dropPlan
              tags: [plans]
              summary: Forget a plan; what it did stays (governor)
              responses:
                '204': { $ref: '#/components/responses/Done' }
        \#(always)
        \#(problems(404, 412, 422, 429))
          /plans/{id}/apply:
            parameters:
              - $ref: '#/components/parameters/Id'
            post:
              operationId: applyPlan
              tags: [plans]
              summary: Make exactly the changes of a plan, all or none (governor)
              description: |
                One change of the catalogue, however many changes the plan has; rows follow in the background, as `execution_id` tells.
                Applying a plan again answers the same and does nothing. Where any rule, definition, policy or waiver is another than
                when the plan was made, nothing happens and the answer is 409, with all of them in `changed_since`.
              responses:
                '200':
                  description: The plan, applied
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Plan' }
        \#(always)
        \#(problems(404, 409, 413, 422, 429))

        """#

    static let planSchemas = #"""
            PlanDraft:
              type: object
              additionalProperties: false
              required: [changes]
              properties:
                description: { type: string }
                figures: { description: Whether to count what would change., type: boolean, default: true }
                changes:
                  type: array
                  minItems: 1
                  maxItems: \#(CatalogPlan.changesMax)
                  items:
                    description: |
                      What is to be updated or deleted is named by `id` or `name`, or for an update by the name in its `definition`.
                      With `version` it must be that one.
                    type: object
                    additionalProperties: false
                    required: [kind, action]
                    properties:
                      kind: { $ref: '#/components/schemas/PlanKind' }
                      action: { $ref: '#/components/schemas/PlanAction' }
                      id: { $ref: '#/components/schemas/Id' }
                      name: { type: string }
                      version: { type: integer, minimum: 1 }
                      definition:
                        description: As POST takes it to `/tag-rules`, `/tag-schema` or `/compliance/policies`.
                        type: object
            PlanKind: { type: string, enum: [\#(PlanDraft.Family.allCases.map(\.rawValue).joined(separator: ", "))] }
            PlanAction: { type: string, enum: [\#(PlanDraft.Action.allCases.map(\.rawValue).joined(separator: ", "))] }
            PlanSummary:
              type: object
              required:
                [id, status, description, created_by, created_at, expires_at, catalog_version, summary, applied_by, applied_at,
                 execution_id]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                status:
                  description: Stale when something has changed since, so that it cannot be applied any more.
                  type: string
                  enum: [\#(PlanStanding.Status.allCases.map(\.rawValue).joined(separator: ", "))]
                description: { type: string }
                created_by: { type: string }
                created_at: { $ref: '#/components/schemas/Time' }
                expires_at: { $ref: '#/components/schemas/Time' }
                catalog_version: { description: What it was worked out under., type: integer, minimum: 0 }
                summary:
                  type: object
                  required: [create, update, delete, unchanged]
                  properties:
                    create: { type: integer, minimum: 0 }
                    update: { type: integer, minimum: 0 }
                    delete: { type: integer, minimum: 0 }
                    unchanged: { description: Drafts that say what is there already., type: integer, minimum: 0 }
                applied_by: { type: [string, 'null'] }
                applied_at: { anyOf: [{ $ref: '#/components/schemas/Time' }, { type: 'null' }] }
                execution_id: { description: The background application., type: [string, 'null'], format: uuid }
            ChangedSince:
              type: object
              required: [kind, id, name, change, from_version, to_version]
              properties:
                kind: { type: string, enum: [rule, definition, policy, waiver] }
                id: { $ref: '#/components/schemas/Id' }
                name: { type: string }
                change: { type: string, enum: [created, updated, deleted, started_or_ended, expired] }
                from_version: { type: [integer, 'null'] }
                to_version: { type: [integer, 'null'] }
            Plan:
              allOf:
                - $ref: '#/components/schemas/PlanSummary'
                - type: object
                  required: [changed_since, changed_since_omitted, changes, figures, warnings]
                  properties:
                    changed_since:
                      type: array
                      maxItems: \#(PlanEndpoints.driftsMax)
                      items: { $ref: '#/components/schemas/ChangedSince' }
                    changed_since_omitted: { type: integer, minimum: 0 }
                    changes:
                      type: array
                      items:
                        type: object
                        required: [kind, action, id, name, from_version, before, after]
                        properties:
                          kind: { $ref: '#/components/schemas/PlanKind' }
                          action: { $ref: '#/components/schemas/PlanAction' }
                          id: { $ref: '#/components/schemas/Id' }
                          name: { type: string }
                          from_version: { type: [integer, 'null'] }
                          before: { type: [object, 'null'] }
                          after: { type: [object, 'null'] }
                    figures: { anyOf: [{ $ref: '#/components/schemas/PlanFigures' }, { type: 'null' }] }
                    warnings: { $ref: '#/components/schemas/Warnings' }
            PlanFigures:
              description: |
                What would change, as of when the plan was made. The longest lists are cut to what is told elsewhere as omitted.
              type: object
              required:
                [scanned, matched, would_change, cost_moved, by_key, keys_omitted, conflicts, conflicts_omitted, by_rule,
                 rules_omitted, violations_appearing, violations_disappearing, by_policy, policies_omitted, samples]
              properties:
                scanned: { type: integer, minimum: 0 }
                matched: { description: Resources that one of the changed rules holds for., type: integer, minimum: 0 }
                would_change: { description: Resources whose tags change., type: integer, minimum: 0 }
                cost_moved: { $ref: '#/components/schemas/CostSums' }
                by_key: { type: array, items: { $ref: '#/components/schemas/KeyImpact' } }
                keys_omitted: { type: integer, minimum: 0 }
                conflicts:
                  type: array
                  items:
                    type: object
                    required:
                      [of_rule_id, of_rule_name, tag_key, outcome, against, rule_id, rule_name, count, same_value]
                    properties:
                      of_rule_id: { $ref: '#/components/schemas/Id' }
                      of_rule_name: { type: string }
                      tag_key: { type: string }
                      outcome: { type: string, enum: [wins, loses] }
                      against: { $ref: '#/components/schemas/Source' }
                      rule_id: { type: [string, 'null'], format: uuid }
                      rule_name: { type: [string, 'null'] }
                      count: { type: integer, minimum: 1 }
                      same_value: { type: integer, minimum: 0 }
                conflicts_omitted: { type: integer, minimum: 0 }
                by_rule:
                  type: array
                  items:
                    type: object
                    required: [rule_id, rule_name, state, matched]
                    properties:
                      rule_id: { $ref: '#/components/schemas/Id' }
                      rule_name: { type: string }
                      state: { type: string }
                      matched: { type: integer, minimum: 0 }
                rules_omitted: { type: integer, minimum: 0 }
                violations_appearing: { description: Resources that come to violate a policy, per policy., type: integer, minimum: 0 }
                violations_disappearing: { type: integer, minimum: 0 }
                by_policy:
                  type: array
                  items:
                    type: object
                    required: [policy_id, policy_name, violating_before, violating_after, appearing, disappearing]
                    properties:
                      policy_id: { $ref: '#/components/schemas/Id' }
                      policy_name: { type: string }
                      violating_before: { type: integer, minimum: 0 }
                      violating_after: { type: integer, minimum: 0 }
                      appearing: { type: integer, minimum: 0 }
                      disappearing: { type: integer, minimum: 0 }
                policies_omitted: { type: integer, minimum: 0 }
                samples: { type: array, maxItems: \#(RuleTestEndpoint.samplesMax), items: { type: object } }
        """#
}
