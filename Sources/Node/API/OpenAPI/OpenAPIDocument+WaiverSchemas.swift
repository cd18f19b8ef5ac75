import Compliance

extension OpenAPIDocument {
    /// Text with something in it beside white space.
    static let reasonText =
        #"'^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]*[^\s\u0000-\u001F\u007F][^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]*$'"#

    /// Waivers and scores.
    static let waivers = #"""
            WaiverDocument:
              description: |
                Leave to violate policies until `expires_at`; one that is past already is taken with a warning. `policies` are names or ids of policies; `tag schema`
                is the one that definitions make. Without `scope` it is for all resources. Whoever sends it is the approver.
              type: object
              additionalProperties: false
              required: [waiver_name, reason, policies, expires_at]
              properties:
                waiver_name: { $ref: '#/components/schemas/Name' }
                reason: { type: string, minLength: 1, maxLength: \#(ComplianceWaiverDraft.reasonBytesMax), pattern: \#(reasonText) }
                scope: { anyOf: [{ $ref: '#/components/schemas/Condition' }, { type: 'null' }] }
                policies:
                  type: array
                  minItems: 1
                  maxItems: \#(ComplianceWaiverDraft.policiesMax)
                  uniqueItems: true
                  items: { type: string, minLength: 1, maxLength: 128, pattern: \#(proseText) }
                expires_at:
                  description: A date or a time as in RFC 3339.
                  anyOf: [{ type: string, format: date }, { type: string, format: date-time }]
              example:
                waiver_name: legacy billing
                reason: Moves to the new account in June; see the project's plan.
                scope: { field: account_id, operator: eq, value: '111122223333' }
                policies: [production has an owner]
                expires_at: '2031-07-01'
            Waiver:
              type: object
              required:
                [id, waiver_name, reason, scope, policies, expires_at, warnings, approver, version, created_at, updated_at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                waiver_name: { type: string }
                reason: { type: string }
                scope: { type: [object, 'null'] }
                policies: { type: array, items: { $ref: '#/components/schemas/Id' } }
                expires_at: { $ref: '#/components/schemas/Time' }
                warnings: { $ref: '#/components/schemas/Warnings' }
                approver: { description: Who made it or changed it last., type: string }
                version: { type: integer, minimum: 1 }
                created_at: { $ref: '#/components/schemas/Time' }
                updated_at: { $ref: '#/components/schemas/Time' }
            Day: { type: string, format: date }
            Score:
              type: object
              required: [score, resources, compliant, waived, violations, waived_violations, costs]
              properties:
                score: { description: Per cent of resources that comply., type: number, minimum: 0, maximum: 100 }
                resources: { type: integer, minimum: 0 }
                compliant: { type: integer, minimum: 0 }
                waived: { description: Those of the compliant ones that violate what a waiver allows., type: integer, minimum: 0 }
                violations: { type: integer, minimum: 0 }
                waived_violations: { type: integer, minimum: 0 }
                costs:
                  type: array
                  items:
                    type: object
                    required: [currency, cost, compliant_cost, cost_score]
                    properties:
                      currency: { type: string }
                      cost: { type: number }
                      compliant_cost: { type: number }
                      cost_score: { description: Per cent of the cost that compliant resources have., type: [number, 'null'] }
            Scores:
              allOf:
                - $ref: '#/components/schemas/Score'
                - type: object
                  required: [group_by, groups, group_count, others]
                  properties:
                    group_by: { type: string }
                    groups:
                      type: array
                      items:
                        allOf:
                          - $ref: '#/components/schemas/Score'
                          - type: object
                            required: [value]
                            properties:
                              value: { description: 'Null: resources that have none.', type: [string, 'null'] }
                    group_count: { type: integer, minimum: 0 }
                    others: { anyOf: [{ $ref: '#/components/schemas/Score' }, { type: 'null' }] }
            ScoreDay:
              allOf:
                - $ref: '#/components/schemas/Score'
                - type: object
                  required: [day, at, by_policy]
                  properties:
                    day: { $ref: '#/components/schemas/Day' }
                    at: { $ref: '#/components/schemas/Time' }
                    by_policy:
                      type: array
                      items:
                        type: object
                        required: [policy_id, policy_name, evaluated, compliant]
                        properties:
                          policy_id: { $ref: '#/components/schemas/Id' }
                          policy_name: { type: [string, 'null'] }
                          evaluated: { type: integer, minimum: 0 }
                          compliant: { type: integer, minimum: 0 }
        """#
}
