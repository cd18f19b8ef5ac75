import Model

extension OpenAPIDocument {
    static let retentionPaths = #"""
          /audit/retention:
            get:
              operationId: getAuditRetention
              tags: [audit]
              summary: For how long the audit history is kept, and its last clean-up (viewer)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: For how long, and the clean-up that was begun last
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/AuditRetention' }
        \#(always)
            put:
              operationId: putAuditRetention
              tags: [audit]
              summary: Keep the audit history for so many months (admin)
              description: |
                Once a month, and soon after this is changed, entries from before the month under way and so many whole months
                before it are removed, but for those that a legal hold names. The chain of hashes stays verifiable.
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      required: [months]
                      properties:
                        months:
                          description: 'Null: for ever.'
                          type: [integer, 'null']
                          minimum: 1
                          maximum: \#(AuditRetention.monthsMax)
                    example: { months: 24 }
              responses:
                '200':
                  description: The retention
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/AuditRetention' }
        \#(always)
        \#(written)
        \#(problems(409, 412))
          /audit/holds:
            get:
              operationId: listLegalHolds
              tags: [audit]
              summary: What no clean-up of the audit history removes (admin)
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
                          items: { type: array, items: { $ref: '#/components/schemas/LegalHold' } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)
            post:
              operationId: placeLegalHold
              tags: [audit]
              summary: Hold parts of the audit history (admin)
              description: |
                Once it is answered with 201, no clean-up removes an entry that the hold names, also not one that is under way.
                What was removed before stays gone.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/LegalHoldDocument' }
              responses:
                '201':
                  description: The hold
                  headers:
                    Location: { schema: { type: string } }
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/LegalHold' }
        \#(always)
        \#(written)
        \#(problems(409))
          /audit/holds/{id}:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: getLegalHold
              tags: [audit]
              summary: One hold (admin)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: The hold
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/LegalHold' }
                '304': { $ref: '#/components/responses/NotModified' }
        \#(always)
        \#(problems(404))
            delete:
              operationId: releaseLegalHold
              tags: [audit]
              summary: Release a hold (admin)
              description: The next clean-up removes what it held, where that is old enough. The release stands in the audit trail.
              responses:
                '204': { $ref: '#/components/responses/Done' }
        \#(always)
        \#(problems(404, 412, 422, 429))

        """#

    static let retentionSchemas = #"""
            AuditRetention:
              type: object
              required: [months, version, changed_by, changed_at, horizon, next_cleanup_at, last_cleanup]
              properties:
                months: { description: 'Null: for ever.', type: [integer, 'null'] }
                version: { type: integer, minimum: 0 }
                changed_by: { type: [string, 'null'] }
                changed_at: { type: [string, 'null'], format: date-time }
                horizon: { description: Entries from before this time may be gone., type: [string, 'null'], format: date-time }
                next_cleanup_at: { type: [string, 'null'], format: date-time }
                last_cleanup:
                  type: [object, 'null']
                  required: [state, before, months, started_at, finished_at, removed, held]
                  properties:
                    state: { type: string, enum: [running, finished] }
                    before: { $ref: '#/components/schemas/Time' }
                    months: { type: integer }
                    started_at: { $ref: '#/components/schemas/Time' }
                    finished_at: { type: [string, 'null'], format: date-time }
                    removed: { description: Entries that are gone., type: integer, minimum: 0 }
                    held: { description: Entries that are old enough and held., type: integer, minimum: 0 }
                    shards: { type: integer }
                    shards_done: { type: integer }
            LegalHoldDocument:
              description: |
                An entry is held if every part of the scope applies to it that is given; a part applies if one of its values does.
                With `accounts`, entries of resources that are gone are held as well: nobody knows any more whose they were.
              type: object
              additionalProperties: false
              required: [hold_name, reason, scope]
              properties:
                hold_name: { $ref: '#/components/schemas/Name' }
                reason: { type: string, minLength: 1, maxLength: \#(LegalHold.reasonBytesMax / 4), pattern: \#(reasonText) }
                scope:
                  type: object
                  additionalProperties: false
                  minProperties: 1
                  properties:
                    resources: { \#(values), items: { $ref: '#/components/schemas/ResourceName' } }
                    accounts: { \#(values), items: { \#(heldText) } }
                    actors: { \#(values), items: { \#(heldText) } }
                    tag_keys: { \#(values), items: { \#(heldText) } }
                    from: { description: Not before., $ref: '#/components/schemas/Time' }
                    to: { description: Before., $ref: '#/components/schemas/Time' }
              example:
                hold_name: case 2026-14
                reason: Subpoena of 3 November.
                scope: { accounts: ['111122223333'], from: '2026-01-01T00:00:00Z' }
            LegalHold:
              type: object
              required: [id, hold_name, reason, scope, placed_by, placed_at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                hold_name: { type: string }
                reason: { type: string }
                scope: { type: object }
                placed_by: { type: string }
                placed_at: { $ref: '#/components/schemas/Time' }
        """#

    private static let values = "type: array, minItems: 1, maxItems: \(LegalHold.valuesMax)"
    private static let heldText = #"type: string, minLength: 1, maxLength: 64, pattern: '^[^\u0000-\u001F\u007F]+$'"#
}
