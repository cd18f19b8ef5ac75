extension OpenAPIDocument {
    static let exportPaths = #"""
          /export/focus:
            get:
              operationId: exportFOCUS
              tags: [inventory]
              summary: Costs with virtual tags, as FOCUS rows (viewer)
              description: |
                A page of resources that have costs, a row for each of their months, services and currencies: the sums that
                `/ingest/focus` keeps, with the columns of FOCUS 1.0 that are known of them. `Tags` holds the provider's tags, and
                the virtual ones with the prefix before their keys. `limit` counts resources; the cursor of the next page is in
                the field X-Next-Cursor.
              parameters:
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - $ref: '#/components/parameters/Limit'
                - name: month
                  in: query
                  description: The rows of that month alone.
                  schema: { type: string, pattern: '^[0-9]{4}-(0[1-9]|1[0-2])$' }
                - name: prefix
                  in: query
                  description: What stands before the keys of virtual tags; may be empty.
                  schema:
                    type: string
                    maxLength: 64
                    pattern: '^([^\u0000-\u0020\u007F][^\u0000-\u001F\u007F]*)?$'
                    default: \#(ExportEndpoints.prefixDefault)
              responses:
                '200':
                  description: The rows, the CSV with a header
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                    X-Next-Cursor: { schema: { type: string } }
                  content:
                    text/csv:
                      schema: { type: string }
                    application/x-ndjson:
                      schema: { type: string }
        \#(always)
          /virtual-tags/lookup:
            post:
              operationId: lookupVirtualTags
              tags: [tags]
              summary: The tags of many resources (viewer)
              description: Names that mean no resource are left out. Changes nothing.
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      required: [resource_ids]
                      additionalProperties: false
                      properties:
                        resource_ids:
                          type: array
                          minItems: 1
                          maxItems: \#(ExportEndpoints.namesMax)
                          items: { $ref: '#/components/schemas/ResourceName' }
              responses:
                '200':
                  description: Their tags
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
                              required: [resource_id, id, tags]
                              properties:
                                resource_id: { type: string }
                                id: { $ref: '#/components/schemas/Id' }
                                tags: { type: object, additionalProperties: { type: string } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)
        \#(written)

        """#
}
