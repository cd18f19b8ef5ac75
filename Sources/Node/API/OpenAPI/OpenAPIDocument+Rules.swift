import Model
import TaggingRules

/// What the API tells of rules: why they did what they did, and what they would do.
extension OpenAPIDocument {
    static let explainPath = #"""
          /resources/{id}/explain:
            parameters:
              - $ref: '#/components/parameters/Id'
            get:
              operationId: explainResource
              tags: [rules]
              summary: Why a resource has its tags, and why not others (viewer)
              description: |
                The claims on each tag in order of precedence, and what each rule found and did when it was its turn: every part of
                its conditions with what was found, and for rules that did not match the parts that failed.
              parameters:
                - name: tag_key
                  in: query
                  description: Only this tag, in any spelling of its key, and the rules that write or remove it.
                  schema: { $ref: '#/components/schemas/TagKey' }
                - name: rules
                  in: query
                  description: |
                    `candidates` are the rules that write the key; without a key, those that the index of rules lets be tried. `all`
                    adds every other rule.
                  schema: { type: string, enum: [candidates, all], default: candidates }
                - $ref: '#/components/parameters/Limit'
              responses:
                '200':
                  description: The explanation; of rules that match at most `limit` are told, then of candidates, then of others
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Explanation' }
        \#(always)
        \#(problems(404))
        """#

    static let ruleReports = #"""
        \#(ruleTest)
        \#(explanation)
        """#

    private static let explanation = #"""
            Explanation:
              type: object
              required: [resource_id, tag_key, catalog_version, settled, tags, rules, rules_omitted]
              properties:
                resource_id: { $ref: '#/components/schemas/Id' }
                tag_key: { description: In the spelling of the virtual layer., type: [string, 'null'] }
                catalog_version: { type: integer, minimum: 0 }
                settled:
                  description: The tags are stored as explained; false while the newest rules are on their way to this resource.
                  type: boolean
                tags:
                  type: array
                  items:
                    allOf:
                      - $ref: '#/components/schemas/Claim'
                      - type: object
                        required: [tag_key, because, provenance]
                        properties:
                          tag_key: { type: string }
                          because: { type: string }
                          provenance:
                            description: The claims that lost, in order of precedence.
                            type: array
                            items:
                              allOf:
                                - $ref: '#/components/schemas/Claim'
                                - type: object
                                  required: [shadowed_by]
                                  properties:
                                    shadowed_by: { description: Who made the claim that won., type: string }
                rules: { description: In the order in which they run., type: array, items: { $ref: '#/components/schemas/RuleOutcome' } }
                rules_omitted: { type: integer, minimum: 0 }
            RuleOutcome:
              type: object
              required: [rule_id, rule_name, rule_version, priority, state, candidate, matched, conditions, failed, actions]
              properties:
                rule_id: { $ref: '#/components/schemas/Id' }
                rule_name: { type: string }
                rule_version: { type: integer, minimum: 1 }
                priority: { type: integer }
                state: { description: Rules that are not in force are told with what they would find., type: string, enum: [\#(ruleStates)] }
                candidate: { description: False where the index of rules ruled it out without asking., type: boolean }
                matched: { type: boolean }
                conditions:
                  description: |
                    The conditions as they were written, each part with `holds`, and each field test with what was `found`: null where
                    there is nothing.
                  type: object
                failed:
                  description: The field tests for which the rule did not match.
                  type: array
                  items:
                    type: object
                    required: [pointer, message]
                    properties:
                      pointer: { description: A JSON Pointer into the rule., type: string }
                      message: { type: string }
                actions:
                  type: array
                  items:
                    type: object
                    required: [action, tag_key, outcome, tag_value, shadowed_by]
                    properties:
                      action: { type: string }
                      tag_key: { type: string }
                      outcome: { type: string, enum: [\#(actionResults)] }
                      tag_value: { type: [string, 'null'] }
                      shadowed_by: { anyOf: [{ $ref: '#/components/schemas/Claim' }, { type: 'null' }] }
        """#

    private static let actionResults =
        TagExplanation.ActionOutcome.Result.allCases.map(\.rawValue).joined(separator: ", ")
    private static let ruleStates = TagRule.State.allCases.map(\.rawValue).joined(separator: ", ")

    private static let ruleTest = #"""
            RuleTest:
              type: object
              required: [scanned, matched, would_change, samples]
              properties:
                scanned: { type: integer, minimum: 0 }
                matched: { type: integer, minimum: 0 }
                would_change: { type: integer, minimum: 0 }
                samples:
                  type: array
                  maxItems: \#(RuleTestEndpoint.samplesMax)
                  items:
                    type: object
                    required: [resource_id, name, resource_type, changes]
                    properties:
                      resource_id: { $ref: '#/components/schemas/Id' }
                      name: { type: string }
                      resource_type: { type: string }
                      changes:
                        type: array
                        items:
                          type: object
                          required: [tag_key, old_value, new_value]
                          properties:
                            tag_key: { type: string }
                            old_value: { type: [string, 'null'] }
                            new_value: { type: [string, 'null'] }
        """#
}
