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
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: The explanation; of rules that match at most `limit` are told, then of candidates, then of others
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema: { $ref: '#/components/schemas/Explanation' }
        \#(always)
        \#(problems(404))
        """#

    static let ruleReports = #"""
        \#(ruleTest)
        \#(explanation)
        \#(lintFinding)
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
                          path:
                            description: |
                              For what was found along relationships: the ids of the resources on the way, the one that has the tag last. Not
                              for tokens that are limited to some resources.
                            type: array
                            items: { type: string, format: uuid }
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
              required: [scanned, matched, would_change, cost_moved, by_key, conflicts, conflicts_omitted, warnings, samples]
              properties:
                scanned: { type: integer, minimum: 0 }
                matched: { description: Resources that the conditions hold for when it is the rule's turn., type: integer, minimum: 0 }
                would_change: { type: integer, minimum: 0 }
                cost_moved:
                  description: What the resources that would change cost, over all months that are known.
                  $ref: '#/components/schemas/CostSums'
                by_key: { type: array, items: { $ref: '#/components/schemas/KeyImpact' } }
                conflicts:
                  description: Whom the rule meets on its keys, and who wins.
                  type: array
                  maxItems: \#(RuleImpact.conflictsMax)
                  items:
                    type: object
                    required: [tag_key, outcome, against, rule_id, rule_name, count, same_value]
                    properties:
                      tag_key: { type: string }
                      outcome: { type: string, enum: [wins, loses] }
                      against: { $ref: '#/components/schemas/Source' }
                      rule_id: { type: [string, 'null'], format: uuid }
                      rule_name: { type: [string, 'null'] }
                      count: { type: integer, minimum: 1 }
                      same_value: { description: How often both say the same., type: integer, minimum: 0 }
                conflicts_omitted: { type: integer, minimum: 0 }
                warnings: { $ref: '#/components/schemas/Warnings' }
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
            CostSums:
              type: array
              items:
                type: object
                required: [currency, billed_cost, effective_cost]
                properties:
                  currency: { type: string }
                  billed_cost: { $ref: '#/components/schemas/Amount' }
                  effective_cost: { $ref: '#/components/schemas/Amount' }
            Counts:
              description: Resources with the value, and what they cost, before and after.
              type: object
              required: [before, after, cost_before, cost_after]
              properties:
                before: { type: integer, minimum: 0 }
                after: { type: integer, minimum: 0 }
                cost_before: { $ref: '#/components/schemas/CostSums' }
                cost_after: { $ref: '#/components/schemas/CostSums' }
            KeyImpact:
              description: A key that the rule writes, or whose values change because of it.
              type: object
              required: [tag_key, added, changed, removed, cost_moved, values, other_values]
              properties:
                tag_key: { type: string }
                added: { description: Resources that get the tag., type: integer, minimum: 0 }
                changed: { description: Resources whose value changes., type: integer, minimum: 0 }
                removed: { description: Resources that lose the tag., type: integer, minimum: 0 }
                cost_moved: { $ref: '#/components/schemas/CostSums' }
                values:
                  description: First what has no such tag, as null; then the values that change most, \#(RuleImpact.valuesToldMax) at most.
                  type: array
                  items:
                    allOf:
                      - type: object
                        required: [tag_value]
                        properties:
                          tag_value: { type: [string, 'null'] }
                      - $ref: '#/components/schemas/Counts'
                other_values: { $ref: '#/components/schemas/Counts' }
        """#

    static let lintPath = #"""
          /tag-rules/lint:
            get:
              operationId: lintTagRules
              tags: [rules]
              summary: What is odd about the rules in force (viewer)
              description: |
                Rules that match nothing, that are never in force or have no effect, that overlap, that copy each other's tags in a
                circle, or that set values which the tag schema forbids. What does not follow from the rules alone is counted over all
                resources, as they are while it runs; each page counts anew.
              parameters:
                - $ref: '#/components/parameters/Limit'
                - $ref: '#/components/parameters/ReadConsistency'
                - $ref: '#/components/parameters/MinRevision'
              responses:
                '200':
                  description: A page of findings, the worst first
                  headers:
                    Staleness-Ms: { $ref: '#/components/headers/Staleness-Ms' }
                    As-Of-Index: { $ref: '#/components/headers/As-Of-Index' }
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [catalog_version, scanned, total, overlaps_truncated, items, next_cursor]
                        properties:
                          catalog_version: { type: integer, minimum: 0 }
                          scanned: { description: Resources that were looked at., type: integer, minimum: 0 }
                          total: { description: Findings on all pages., type: integer, minimum: 0 }
                          overlaps_truncated: { description: More rules overlap than are told., type: boolean }
                          items: { type: array, items: { $ref: '#/components/schemas/LintFinding' } }
                          next_cursor: { $ref: '#/components/schemas/NextCursor' }
        \#(always)
        """#

    private static let lintFinding = #"""
            LintFinding:
              type: object
              required:
                [code, severity, proof, rule_id, rule_name, pointer, tag_key, message, others, count, samples]
              properties:
                code: { type: string, enum: [\#(LintFinding.Code.allCases.map(\.rawValue).joined(separator: ", "))] }
                severity: { type: string, enum: [\#(LintFinding.Severity.allCases.map(\.rawValue).joined(separator: ", "))] }
                proof:
                  description: Whether it follows from the rules, or is so for the resources that there are.
                  type: string
                  enum: [\#(LintFinding.Proof.allCases.map(\.rawValue).joined(separator: ", "))]
                rule_id: { $ref: '#/components/schemas/Id' }
                rule_name: { type: string }
                pointer: { description: A JSON Pointer into the rule., type: string }
                tag_key: { type: [string, 'null'] }
                message: { type: string }
                others:
                  description: The other rules that it takes.
                  type: array
                  maxItems: \#(LintFinding.othersMax)
                  items:
                    type: object
                    required: [rule_id, rule_name]
                    properties:
                      rule_id: { $ref: '#/components/schemas/Id' }
                      rule_name: { type: string }
                count: { description: Resources that it is so for., type: [integer, 'null'], minimum: 0 }
                samples: { type: array, maxItems: 3, items: { $ref: '#/components/schemas/Id' } }
        """#
}
