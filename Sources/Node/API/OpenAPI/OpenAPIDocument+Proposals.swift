extension OpenAPIDocument {
    static let proposalPaths = #"""
          /tag-schema/proposals:
            get:
              operationId: listAliasProposals
              tags: [schema]
              summary: Spellings that likely mean the same (viewer)
              description: |
                Learnt from the tags of the whole inventory: near-identical keys and values, by their form, by edit distance, by what
                they shorten, by the values that keys share. The likeliest first. Nothing is applied before it is accepted. What was
                learnt is good for a minute, while rules, schema and policies stay the same.
              parameters:
                - $ref: '#/components/parameters/Limit'
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
                - { name: kind, in: query, schema: { type: string, enum: [key, value] } }
                - { name: tag_key, in: query, schema: { $ref: '#/components/schemas/FilterText' } }
                - { name: state, in: query, schema: { type: string, enum: [open, rejected], default: open } }
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
                          items:
                            type: array
                            items:
                              oneOf:
                                - $ref: '#/components/schemas/AliasProposal'
                                - $ref: '#/components/schemas/AliasRejection'
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)
          /tag-schema/proposals/{id}/accept:
            parameters:
              - $ref: '#/components/parameters/Id'
            post:
              operationId: acceptAliasProposal
              tags: [schema]
              summary: Make the alias part of the schema, in force at once (governor)
              description: The tag's definition gets the alias; where the tag has none, one is made.
              responses:
                '200':
                  description: The definition
                  headers:
                    ETag: { $ref: '#/components/headers/ETag' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/TagDefinition' }
        \#(always)
        \#(problems(404, 409, 412, 422, 429))
          /tag-schema/proposals/{id}/reject:
            parameters:
              - $ref: '#/components/parameters/Id'
            post:
              operationId: rejectAliasProposal
              tags: [schema]
              summary: Never propose this again (governor)
              responses:
                '200':
                  description: The rejection
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/AliasRejection' }
        \#(always)
        \#(problems(404, 409, 422, 429))
          /tag-schema/proposals/{id}/reconsider:
            parameters:
              - $ref: '#/components/parameters/Id'
            post:
              operationId: reconsiderAliasProposal
              tags: [schema]
              summary: Take a rejection back (governor)
              responses:
                '204': { $ref: '#/components/responses/Done' }
        \#(always)
        \#(problems(404, 422, 429))
        """#

    static let proposals = #"""
            AliasProposal:
              type: object
              required: [id, state, kind, tag_key, tag_value, alias, confidence, evidence, learned_at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                state: { type: string, const: open }
                kind: { type: string, enum: [key, value] }
                tag_key: { type: string }
                tag_value: { description: What the alias stands for; null for a key., type: [string, 'null'] }
                alias: { type: string }
                confidence: { type: number, minimum: 0, maximum: 1 }
                evidence:
                  type: object
                  required: [reasons, alias_resources, resources, together, together_different, shared_values, samples]
                  properties:
                    reasons:
                      type: array
                      items:
                        type: object
                        required: [reason]
                        properties:
                          reason: { type: string, enum: [same_form, edit_distance, abbreviation, same_words, shared_values] }
                          distance: { description: Letters that differ., type: integer }
                          part: { description: The part of the alias's resources whose values the key has too., type: number }
                    alias_resources: { description: Resources with the alias., type: integer }
                    resources: { description: Resources with what it would stand for., type: integer }
                    together: { description: Resources with both keys., type: integer }
                    together_different: { description: Those of them on which the two differ., type: integer }
                    shared_values: { type: array, items: { type: string } }
                    samples: { description: Resources with the alias., type: array, items: { $ref: '#/components/schemas/Id' } }
                learned_at: { $ref: '#/components/schemas/Time' }
            AliasRejection:
              type: object
              required: [id, state, kind, tag_key, tag_value, alias, rejected_by, rejected_at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                state: { type: string, const: rejected }
                kind: { type: string, enum: [key, value] }
                tag_key: { type: string }
                tag_value: { type: [string, 'null'] }
                alias: { type: string }
                rejected_by: { type: string }
                rejected_at: { $ref: '#/components/schemas/Time' }
        """#
}
