import Model

extension OpenAPIDocument {
    /// Text without control characters, as a pattern.
    static let plainText = #"'^[^\u0000-\u001F\u007F]*$'"#
    /// The same, but tabs: what a tag's value may be.
    static let valueText = #"'^[^\u0000-\u0008\u000A-\u001F\u007F]*$'"#
    /// The same, but tabs and line breaks.
    static let proseText = #"'^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]*$'"#

    static let schemas = #"""
          schemas:
            Id: { type: string, format: uuid }
            Time: { type: string, format: date-time }
            NextCursor: { type: [string, 'null'], maxLength: 1024 }
            Provider: { type: string, enum: [aws, gcp, azure] }
            FilterText: { type: string, maxLength: 256, pattern: \#(plainText) }
            ResourceName: { type: string, maxLength: 1024, pattern: \#(plainText) }
            Payload: { description: As the provider prints it., type: [object, array] }
            TagKey:
              type: string
              minLength: 1
              maxLength: 256
              pattern: '^[^\u0000-\u0020\u007F]([^\u0000-\u001F\u007F]*[^\u0000-\u0020\u007F])?$'
            TagValue: { type: string, maxLength: 1024, pattern: \#(valueText) }
            Tags:
              type: array
              description: Of a key that is given twice the last one counts.
              minItems: 1
              maxItems: \#(VirtualTagEndpoints.tagsMax)
              items:
                type: object
                additionalProperties: false
                required: [key, value]
                properties:
                  key: { $ref: '#/components/schemas/TagKey' }
                  value: { $ref: '#/components/schemas/TagValue' }
            TagApplication:
              type: object
              additionalProperties: false
              required: [resource_id, tags]
              properties:
                resource_id:
                  description: Our id, or the provider's own in any of its forms.
                  type: string
                  minLength: 1
                  maxLength: 2048
                  pattern: \#(proseText)
                tags: { $ref: '#/components/schemas/Tags' }
              example: { resource_id: i-0123456789abcdef0, tags: [{ key: owner, value: payments }] }
            Problem:
              type: object
              required: [type, title, status, detail, request_id]
              properties:
                type: { type: string, format: uri }
                title: { type: string }
                status: { type: integer, minimum: 400, maximum: 599 }
                detail: { type: string }
                errors:
                  type: array
                  maxItems: 100
                  items:
                    type: object
                    required: [pointer, message]
                    properties:
                      pointer: { type: string }
                      message: { type: string }
                request_id: { type: string }
            Relationship:
              type: object
              additionalProperties: false
              required: [type, target]
              properties:
                type: { type: string, enum: [\#(relationshipTypes)] }
                target: { $ref: '#/components/schemas/Id' }
            Resource:
              type: object
              required:
                [id, provider, resource_id, resource_type, name, account_id, region, native_tags, metadata, relationships,
                 compliant, version, first_seen, last_seen]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                provider: { $ref: '#/components/schemas/Provider' }
                resource_id: { type: string }
                resource_type: { type: string }
                name: { type: string }
                account_id: { type: string }
                region: { type: string }
                native_tags: { type: object, additionalProperties: { type: string } }
                metadata: { type: object }
                relationships: { type: array, items: { $ref: '#/components/schemas/Relationship' } }
                costs: { type: array, items: { $ref: '#/components/schemas/CostLine' } }
                compliant: { type: boolean }
                version: { type: integer, minimum: 1 }
                first_seen: { $ref: '#/components/schemas/Time' }
                last_seen: { $ref: '#/components/schemas/Time' }
            ResourceDocument:
              type: object
              additionalProperties: false
              required: [provider, resource_id, resource_type]
              properties:
                provider: { $ref: '#/components/schemas/Provider' }
                resource_id: { type: string, minLength: 1, maxLength: 2048, pattern: \#(proseText) }
                resource_type: { type: string, minLength: 1, maxLength: 256, pattern: \#(proseText) }
                name: { type: [string, 'null'], maxLength: 1024, pattern: \#(proseText) }
                account_id: { type: [string, 'null'], maxLength: 256, pattern: \#(proseText) }
                region: { type: [string, 'null'], maxLength: 128, pattern: \#(proseText) }
                native_tags:
                  type: [object, 'null']
                  maxProperties: \#(ResourceDocument.nativeTagsMax)
                  propertyNames: { minLength: 1, maxLength: 1024 }
                  additionalProperties: { type: string, maxLength: 4096, pattern: \#(proseText) }
                metadata: { type: [object, 'null'] }
                relationships:
                  type: [array, 'null']
                  maxItems: \#(ResourceDocument.relationshipsMax)
                  items: { $ref: '#/components/schemas/Relationship' }
            CostLine:
              type: object
              required: [month, service, currency, billed_cost, effective_cost]
              properties:
                month: { type: string, pattern: '^[0-9]{4}-[0-9]{2}$' }
                service: { type: string }
                currency: { type: string }
                billed_cost: { $ref: '#/components/schemas/Amount' }
                effective_cost: { $ref: '#/components/schemas/Amount' }
            Amount: { description: An exact decimal., type: string, pattern: '^-?[0-9]+(\.[0-9]{1,9})?$' }
            Source: { type: string, enum: [manual, rule, ml, inherited] }
            Claim:
              description: What one source says of a tag's value.
              type: object
              required: [tag_value, source, confidence, rule_id, rule_version, created_by, created_at, updated_at]
              properties:
                tag_value: { type: string }
                source: { $ref: '#/components/schemas/Source' }
                confidence: { type: number, minimum: 0, maximum: 1 }
                rule_id: { type: [string, 'null'], format: uuid }
                rule_version: { type: [integer, 'null'] }
                created_by: { type: string }
                created_at: { $ref: '#/components/schemas/Time' }
                updated_at: { $ref: '#/components/schemas/Time' }
            VirtualTag:
              allOf:
                - $ref: '#/components/schemas/Claim'
                - type: object
                  required: [id, resource_id, tag_key, provenance]
                  properties:
                    id: { $ref: '#/components/schemas/Id' }
                    resource_id: { $ref: '#/components/schemas/Id' }
                    tag_key: { type: string }
                    provenance:
                      description: The claims that lost, in order of precedence.
                      type: array
                      items: { $ref: '#/components/schemas/Claim' }
            PastTag:
              description: A tag as it once was; who set it is null for what the provider said when the resource was first seen; the source, too, where a clean-up took the entry.
              type: object
              required: [id, resource_id, tag_key, tag_value, source, rule_id, created_by, updated_at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                resource_id: { $ref: '#/components/schemas/Id' }
                tag_key: { type: string }
                tag_value: { type: string }
                source: { type: [string, 'null'], enum: [manual, rule, ml, inherited, null] }
                rule_id: { type: [string, 'null'] }
                created_by: { type: [string, 'null'] }
                updated_at: { type: [string, 'null'] }
            ItemErrors:
              type: array
              maxItems: \#(IngestSummary.errorsMax)
              items:
                type: object
                required: [index, detail]
                properties:
                  index: { description: 'Position of the item, or of the line, from 0.', type: integer, minimum: 0 }
                  detail: { type: string }
            IngestSummary:
              type: object
              required:
                [resources, relationships, created, updated, unchanged, deleted, errors, error_count, errors_truncated]
              properties:
                resources: { type: integer, minimum: 0 }
                relationships: { type: integer, minimum: 0 }
                created: { type: integer, minimum: 0 }
                updated: { type: integer, minimum: 0 }
                unchanged: { type: integer, minimum: 0 }
                deleted: { type: integer, minimum: 0 }
                errors: { $ref: '#/components/schemas/ItemErrors' }
                error_count: { type: integer, minimum: 0 }
                errors_truncated: { type: boolean }
            FocusSummary:
              type: object
              required:
                [rows, attributed_rows, unattributed_rows, resources, created, updated, unchanged, unattributed, errors,
                 error_count, errors_truncated]
              properties:
                rows: { type: integer, minimum: 0 }
                attributed_rows: { type: integer, minimum: 0 }
                unattributed_rows: { type: integer, minimum: 0 }
                resources: { type: integer, minimum: 0 }
                created: { type: integer, minimum: 0 }
                updated: { type: integer, minimum: 0 }
                unchanged: { type: integer, minimum: 0 }
                unattributed:
                  description: Costs that name no resource (taxes, support, credits).
                  type: array
                  items:
                    allOf:
                      - $ref: '#/components/schemas/CostLine'
                      - { type: object, required: [rows], properties: { rows: { type: integer } } }
                errors: { $ref: '#/components/schemas/ItemErrors' }
                error_count: { type: integer, minimum: 0 }
                errors_truncated: { type: boolean }
            Statistics:
              type: object
              required: [resources, by_provider, relationships, tags, pending, version]
              properties:
                resources: { type: integer, minimum: 0 }
                by_provider: { type: object, additionalProperties: { type: integer, minimum: 0 } }
                relationships: { type: integer, minimum: 0 }
                tags: { type: object, additionalProperties: { type: integer, minimum: 0 } }
                pending: { description: Resources not yet judged under the newest rules., type: integer, minimum: 0 }
                version: { type: integer, minimum: 0 }
            Cluster:
              type: object
              required: [id, replication_factor, following, system, nodes, shards]
              properties:
                id: { type: string, format: uuid }
                replication_factor: { type: integer }
                superseded:
                  description: The cluster that took this one's place, where one did; this one takes no changes then.
                  type: object
                  required: [by, at]
                  properties:
                    by: { type: string, format: uuid }
                    at: { $ref: '#/components/schemas/Time' }
                following:
                  description: What the node's region follows, and how far it is; null where it follows none.
                  type: [object, 'null']
                  required:
                    [state, reason, cluster, database, primary, loaded_shards, staleness_ms, as_of_index, stopped_shards]
                  properties:
                    state: { type: string, enum: [loading, following, stalled] }
                    reason: { type: [string, 'null'], description: Why it is stalled }
                    cluster: { type: string, format: uuid, description: The cluster that is followed }
                    database: { type: string }
                    primary: { type: array, items: { type: string }, description: Where writes are sent }
                    loaded_shards: { type: integer, description: The system shard counts too }
                    staleness_ms: { type: integer, description: How old what is here may be at most }
                    as_of_index: { type: string, description: 'How far each shard is: SHARD:INDEX,…' }
                    stopped_shards:
                      type: array
                      items:
                        type: object
                        required: [number, reason]
                        properties:
                          number: { type: integer }
                          reason: { type: string }
                system:
                  description: The group that holds rules, members and placements
                  type: object
                  required: [leader, postgres]
                  properties:
                    leader: { type: [string, 'null'] }
                    postgres: { $ref: '#/components/schemas/PostgresLag' }
                nodes:
                  type: array
                  items:
                    type: object
                    required: [name, region, zone, role, state, health, peer, api, replicas, leaders]
                    properties:
                      name: { type: string }
                      region: { type: string }
                      zone: { type: string }
                      role: { type: string, enum: [data, edge] }
                      state: { type: string, enum: [joining, active, draining, left, dead] }
                      health: { type: string, enum: [alive, suspected, dead, left, unknown] }
                      peer: { type: string }
                      api: { type: string }
                      replicas: { type: integer }
                      leaders: { type: integer }
                shards:
                  type: array
                  items:
                    type: object
                    required:
                      [
                        number, first_slot, last_slot, leader, replicas, learners, wanted, term, applied_index, resources,
                        replication_lag, postgres,
                      ]
                    properties:
                      number: { type: integer }
                      first_slot: { type: integer }
                      last_slot: { type: integer }
                      leader: { type: [string, 'null'] }
                      replicas: { type: array, items: { type: string } }
                      learners: { type: array, items: { type: string } }
                      wanted: { type: array, items: { type: string } }
                      term: { type: integer }
                      applied_index: { type: integer }
                      resources: { type: integer }
                      replication_lag: { type: integer }
                      staleness_ms: { type: integer, description: In a region that follows another one }
                      postgres: { $ref: '#/components/schemas/PostgresLag' }
            PostgresLag:
              description: >-
                How far PostgreSQL is behind the shard, as its leader knows it; null where the leader runs without --postgres, or
                there is none.
              type: [object, 'null']
              required: [state, lag_entries, lag_seconds]
              properties:
                state: { type: string, enum: [current, behind, down, other_cluster, database_ahead] }
                lag_entries: { type: integer, description: Entries of the shard's log that PostgreSQL lacks }
                lag_seconds: { type: number, description: The oldest of them was applied so long ago at most }

        """#

    private static let relationshipTypes = RelationshipType.allCases.map(\.name).joined(separator: ", ")
}
