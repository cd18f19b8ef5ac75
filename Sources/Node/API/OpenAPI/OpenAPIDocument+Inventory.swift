extension OpenAPIDocument {
    static let inventoryPaths = #"""
        \#(ingest("aws", "AWS", "ec2.describe-instances", awsExample))
        \#(ingest("gcp", "GCP", "compute.instances.list", gcpExample))
        \#(ingest("azure", "Azure", "vm.list", azureExample))
          /ingest/focus:
            post:
              operationId: ingestFocus
              tags: [inventory]
              summary: Take in FOCUS cost and usage rows (governor)
              description: |
                CSV of FOCUS 1.0 to 1.2 with a header line, of any length. Costs are summed by resource, month and service. The
                required columns may stand in any order, among others, also quoted and in snake_case; the pattern shows one way.
                A row that cannot be read is listed under `errors`.
              requestBody:
                required: true
                content:
                  text/csv:
                    schema: { type: string, pattern: \#(focusText) }
                    example: |
                      BilledCost,BillingCurrency,BillingPeriodStart,EffectiveCost,ProviderName,ResourceId,ServiceName
                      1.25,USD,2026-09-01T00:00:00Z,1.20,AWS,i-0123456789abcdef0,Amazon EC2
              responses:
                '200':
                  description: What became of the rows
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/FocusSummary' }
        \#(always)
        \#(written)
          /resources:
            get:
              operationId: listResources
              tags: [inventory]
              summary: Find resources (viewer)
              description: In the order of their ids. All conditions must hold.
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - $ref: '#/components/parameters/Limit'
                - { name: provider, in: query, schema: { $ref: '#/components/schemas/Provider' } }
                - { name: resource_type, in: query, schema: { $ref: '#/components/schemas/FilterText' } }
                - { name: account_id, in: query, schema: { $ref: '#/components/schemas/FilterText' } }
                - { name: region, in: query, schema: { $ref: '#/components/schemas/FilterText' } }
                - { name: name, in: query, schema: { $ref: '#/components/schemas/FilterText' } }
                - name: tag
                  in: query
                  description: KEY=VALUE of an effective virtual tag; may be given several times.
                  explode: true
                  schema:
                    type: array
                    maxItems: 20
                    items: { type: string, minLength: 2, maxLength: 256, pattern: '^[^=\u0000-\u001F\u007F]+=[^\u0000-\u001F\u007F]*$' }
                - name: resource_id
                  in: query
                  description: The resource with this id of the provider's, in any of its forms; a list of one or none.
                  schema: { $ref: '#/components/schemas/ResourceName' }
              responses:
                '200':
                  description: A page of resources
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_cursor]
                        properties:
                          items: { type: array, items: { $ref: '#/components/schemas/Resource' } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)
          /resources/{id}:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: getResource
              tags: [inventory]
              summary: One resource (viewer)
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200': { $ref: '#/components/responses/Resource' }
                '304': { $ref: '#/components/responses/NotModified' }
        \#(always)
        \#(problems(404))
            put:
              operationId: putResource
              tags: [inventory]
              summary: Create or replace a resource (governor)
              description: |
                The id must be the one that follows from `provider` and `resource_id` (UUIDv5), else 409. Members that only the
                server sets (`id`, `version`, `first_seen`, `last_seen`, `compliant`, `costs`) are ignored, so that what was read
                can be written back.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/ResourceDocument' }
              responses:
                '200': { $ref: '#/components/responses/Resource' }
                '201': { $ref: '#/components/responses/Resource' }
        \#(always)
        \#(written)
        \#(problems(404, 409, 412))
            delete:
              operationId: deleteResource
              tags: [inventory]
              summary: Forget a resource and its tags (admin)
              responses:
                '204': { $ref: '#/components/responses/Done' }
        \#(always)
        \#(problems(404, 412, 422, 429))
        \#(explainPath)
          /resources/{id}/virtual-tags:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: listVirtualTags
              tags: [tags]
              summary: The tags of a resource, with source, confidence and provenance (viewer)
              description: |
                With `at`, the tags that it had at that time, as the audit history tells them, also of a resource that is gone;
                `existed` tells whether there was such a resource then. 410 where the retention has taken what would tell.
              parameters:
                - { name: at, in: query, description: As of this time., schema: { $ref: '#/components/schemas/Time' } }
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: All effective tags; `next_cursor` is always null
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [items, next_cursor]
                        properties:
                          at: { $ref: '#/components/schemas/Time' }
                          existed: { type: boolean }
                          items:
                            type: array
                            items:
                              anyOf:
                                - $ref: '#/components/schemas/VirtualTag'
                                - $ref: '#/components/schemas/PastTag'
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
                '304': { $ref: '#/components/responses/NotModified' }
        \#(always)
        \#(problems(404, 410))

        """#

    /// A header with what FOCUS requires, in one order and among any others, and records of RFC 4180 with LF or CRLF.
    private static let focusText = {
        let quoted = #""([^"]|"")*""#
        let unquoted = #"[^",\n][^,\n]*"#
        let field = "(\(quoted)|\(unquoted))?"
        let last = #"(\#(quoted)\r?|\#(unquoted))?"#
        let names = ["BilledCost", "BillingCurrency", "BillingPeriodStart", "ProviderName", "ResourceId", "ServiceName"]
        let header = names.map { "(\(field),)*\($0)" }.joined(separator: ",")
        return #"'^(\r?\n)*\#(header)(\r?|(,\#(field))*,\#(last))(\n(\#(field),)*\#(last))*$'"#
    }()

    private static let awsExample =
        #"{"Reservations":[{"OwnerId":"123456789012","Instances":[{"InstanceId":"i-0123456789abcdef0","InstanceType":"t3.micro","Tags":[{"Key":"Env","Value":"prd"}]}]}]}"#
    private static let gcpExample =
        #"[{"kind":"compute#instance","name":"web-1","selfLink":"https://www.googleapis.com/compute/v1/projects/demo/zones/europe-west1-b/instances/web-1","labels":{"env":"prod"}}]"#
    private static let azureExample =
        #"[{"id":"/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/web-1","name":"web-1","type":"Microsoft.Compute/virtualMachines","location":"westeurope","tags":{"Env":"prod"}}]"#

    private static func ingest(_ provider: String, _ name: String, _ operation: String, _ example: String) -> String {
        #"""
          /ingest/\#(provider):
            post:
              operationId: ingest\#(name)
              tags: [inventory]
              summary: Take in a payload of \#(name) (governor)
              description: |
                What the provider's command line or API prints, as one document, or as one document a line (NDJSON, of any
                length). What is no resource is listed under `errors`.
              parameters:
                - name: account_id
                  in: query
                  description: The account, project or subscription, for payloads that do not say it.
                  schema: { $ref: '#/components/schemas/FilterText' }
                - name: region
                  in: query
                  schema: { $ref: '#/components/schemas/FilterText' }
                - name: operation
                  in: query
                  description: The service and call as the provider's command line spells them, such as `\#(operation)`.
                  schema: { $ref: '#/components/schemas/FilterText' }
                - name: resource_id
                  in: query
                  description: The resource that an answer without a name is about.
                  schema: { $ref: '#/components/schemas/ResourceName' }
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/Payload' }
                    example: \#(example)
                  application/x-ndjson:
                    schema: { type: string }
              responses:
                '200':
                  description: What became of the payload
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/IngestSummary' }
        \#(always)
        \#(written)
        """#
    }
}
