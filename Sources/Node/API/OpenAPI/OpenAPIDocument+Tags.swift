extension OpenAPIDocument {
    static let tagPaths = #"""
          /virtual-tags/apply:
            post:
              operationId: applyTags
              tags: [tags]
              summary: Set tags of one resource by hand (tagger)
              description: A value that the tag schema does not allow is set all the same; `warnings` tells, and compliance shows it.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: '#/components/schemas/TagApplication' }
              responses:
                '201':
                  description: The tags as they now are
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [resource_id, tags, warnings]
                        properties:
                          resource_id: { $ref: '#/components/schemas/Id' }
                          tags: { type: array, items: { $ref: '#/components/schemas/VirtualTag' } }
                          warnings: { $ref: '#/components/schemas/Warnings' }
        \#(always)
        \#(written)
        \#(problems(404, 409))
          /virtual-tags/bulk-apply:
            post:
              operationId: bulkApplyTags
              tags: [tags]
              summary: Set tags of many resources by hand (tagger)
              description: |
                Either `items`, each with its resource and tags, or `where` and `tags` for all resources that a condition holds for.
                An item that cannot be done (no such resource, named twice) is listed under `failed`; the others are done.
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      oneOf:
                        - type: object
                          additionalProperties: false
                          required: [items]
                          properties:
                            items:
                              type: array
                              minItems: 1
                              maxItems: \#(VirtualTagEndpoints.itemsMax)
                              items: { $ref: '#/components/schemas/TagApplication' }
                        - type: object
                          additionalProperties: false
                          required: [where, tags]
                          properties:
                            where: { $ref: '#/components/schemas/Condition' }
                            tags: { $ref: '#/components/schemas/Tags' }
                    example: { where: { field: provider, operator: eq, value: gcp }, tags: [{ key: reviewed, value: 'yes' }] }
              responses:
                '200':
                  description: How many were done, and which were not
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [applied, failed, failed_count, warnings]
                        properties:
                          applied: { type: integer, minimum: 0 }
                          failed:
                            type: array
                            maxItems: 1000
                            items:
                              type: object
                              required: [index, error]
                              properties:
                                index: { type: integer, minimum: 0 }
                                error: { type: string }
                          failed_count: { type: integer, minimum: 0 }
                          warnings: { $ref: '#/components/schemas/Warnings' }
        \#(always)
        \#(written)
          /virtual-tags/{id}:
            parameters:
              - $ref: '#/components/parameters/Id'
            put:
              operationId: setTag
              tags: [tags]
              summary: Set the value of a tag by hand (tagger)
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: object
                      additionalProperties: false
                      required: [tag_value]
                      properties:
                        tag_value: { $ref: '#/components/schemas/TagValue' }
                    example: { tag_value: payments }
              responses:
                '200':
                  description: The tag as it now is
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema:
                        allOf:
                          - $ref: '#/components/schemas/VirtualTag'
                          - type: object
                            required: [warnings]
                            properties:
                              warnings: { $ref: '#/components/schemas/Warnings' }
        \#(always)
        \#(written)
        \#(problems(404, 409, 412))
            delete:
              operationId: deleteTag
              tags: [tags]
              summary: Take back what was set by hand (tagger)
              description: What rules and inheritance say of the key comes forward. A tag that only they make cannot be deleted (409).
              responses:
                '204': { $ref: '#/components/responses/Done' }
        \#(always)
        \#(problems(404, 409, 412, 422, 429))

        """#
}
