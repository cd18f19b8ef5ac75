import Model

extension OpenAPIDocument {
    /// One line of text that neither begins nor ends with a space, as a pattern.
    private static let nameText = #"'^[^\s\u0000-\u001F\u007F]([^\u0000-\u001F\u007F]*[^\s\u0000-\u001F\u007F])?$'"#
    /// A field of a condition.
    private static let fieldText =
        #"'^(provider|resource_type|name|account_id|region|resource_id|(tags|native_tags)\.[^\u0000-\u001F\u007F]{1,128}|metadata\.[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,4})$'"#

    /// A glob: characters, `\` before any of them, and sets such as `[abc]` and `[!abc]`; ranges are in the words beside it.
    private static let globText = {
        let escaped = #"\\[\s\S]"#
        let member = #"([^\]\\-]|\#(escaped))"#
        let set = #"\[([!^](\]|\#(member))\#(member)*|(\]|[^\]\\!^-]|\#(escaped))\#(member)*)\]"#
        return #"'^([^\[\\]|\#(escaped)|\#(set))*$'"#
    }()

    static let governanceSchemas = #"""
            Name: { type: string, minLength: 1, maxLength: 128, pattern: \#(nameText) }
            Description: { type: [string, 'null'], maxLength: 4096, pattern: \#(proseText) }
            Field: { type: string, pattern: \#(fieldText) }
            Scalar:
              anyOf:
                - { type: string, maxLength: 4096 }
                - { type: boolean }
                - { type: number }
        \#(condition("Condition"))
        \#(condition("RuleCondition", or: relatedCondition))
        \#(relationshipSchemas)
            Template:
              description: Text; `${FIELD}` stands for a field of the resource, `${regex.N}` for a group of the rule's regular expression.
              type: string
              minLength: 1
              maxLength: 1024
              pattern: '^([^$\u0000-\u001F\u007F]|\$[^{$\u0000-\u001F\u007F]|\$\{(name|region|provider|account_id|resource_type|resource_id|(tags|native_tags|metadata)\.[A-Za-z0-9_-]+)\})+$'
            Action:
              oneOf:
                - type: object
                  additionalProperties: false
                  required: [set_tag]
                  properties:
                    set_tag:
                      type: object
                      additionalProperties: false
                      required: [key, value]
                      properties:
                        key: { $ref: '#/components/schemas/TagKey' }
                        value:
                          anyOf: [{ $ref: '#/components/schemas/Template' }, { type: number }, { type: boolean }]
                - type: object
                  additionalProperties: false
                  required: [copy_tag]
                  properties:
                    copy_tag:
                      type: object
                      additionalProperties: false
                      required: [from, key]
                      properties:
                        from: { $ref: '#/components/schemas/Field' }
                        key: { $ref: '#/components/schemas/TagKey' }
                - type: object
                  additionalProperties: false
                  required: [map_value]
                  properties:
                    map_value:
                      type: object
                      additionalProperties: false
                      required: [key, from, mapping]
                      properties:
                        key: { $ref: '#/components/schemas/TagKey' }
                        from: { $ref: '#/components/schemas/Field' }
                        mapping:
                          type: object
                          minProperties: 1
                          additionalProperties: { $ref: '#/components/schemas/SetValue' }
                        default:
                          anyOf: [{ $ref: '#/components/schemas/SetValue' }, { type: 'null' }]
                - type: object
                  additionalProperties: false
                  required: [remove_tag]
                  properties:
                    remove_tag:
                      type: object
                      additionalProperties: false
                      required: [key]
                      properties:
                        key: { $ref: '#/components/schemas/TagKey' }
                - type: object
                  additionalProperties: false
                  required: [inherit_tag]
                  properties:
                    inherit_tag:
                      description: The value of the nearest resource along these relationships that has the tag.
                      type: object
                      additionalProperties: false
                      required: [key, types]
                      properties:
                        key: { $ref: '#/components/schemas/TagKey' }
                        types: { $ref: '#/components/schemas/RelationshipTypes' }
                        direction: { $ref: '#/components/schemas/Direction' }
                        max_depth: { $ref: '#/components/schemas/Depth' }
            SetValue:
              description: A tag's value, not empty. Numbers and booleans become text; 1.0 is `1`.
              anyOf:
                - { type: string, minLength: 1, maxLength: 1024, pattern: \#(valueText) }
                - { type: number }
                - { type: boolean }
            TagRuleDocument:
              type: object
              additionalProperties: false
              required: [rule_name, conditions, actions]
              properties:
                rule_name: { $ref: '#/components/schemas/Name' }
                description: { $ref: '#/components/schemas/Description' }
                priority:
                  description: Lower runs first and wins.
                  type: [integer, 'null']
                  minimum: -2147483648
                  maximum: 2147483647
                  default: 1000
                enabled: { type: [boolean, 'null'], default: true }
                conditions: { $ref: '#/components/schemas/RuleCondition' }
                actions: { type: array, minItems: 1, maxItems: 32, items: { $ref: '#/components/schemas/Action' } }
                if_tag_exists:
                  description: |
                    `replace` lets the rule say its value whoever else says one, and precedence decides; with `keep` it says nothing
                    of a key that has a value already when it is its turn.
                  type: [string, 'null']
                  enum: [replace, keep, null]
                  default: replace
                default_value:
                  description: What an action sets where what it refers to has no value for the resource.
                  anyOf: [{ $ref: '#/components/schemas/SetValue' }, { type: 'null' }]
                effective_start: { $ref: '#/components/schemas/EffectiveTime' }
                effective_end: { $ref: '#/components/schemas/EffectiveTime' }
              example:
                rule_name: team from name
                priority: 100
                conditions: { all: [{ field: name, operator: exists }, { field: tags.team, operator: absent }] }
                actions: [{ set_tag: { key: team, value: 'team-${region}' } }]
            EffectiveTime:
              description: |
                The rule runs from `effective_start` and until `effective_end`; both take effect by themselves. Where the end is not
                after the start the rule is taken with a warning, as it never runs.
              anyOf:
                - { type: string, format: date }
                - { type: string, format: date-time }
                - { type: 'null' }
            TagRule:
              type: object
              required:
                [id, rule_name, description, priority, enabled, conditions, actions, if_tag_exists, default_value,
                 effective_start, effective_end, version, created_by, created_at, updated_at]
              properties:
                if_tag_exists: { type: string, enum: [replace, keep] }
                default_value: { type: [string, 'null'] }
                effective_start: { type: [string, 'null'], format: date-time }
                effective_end: { type: [string, 'null'], format: date-time }
                warnings: { description: Only in the answer to creating and replacing one., $ref: '#/components/schemas/Warnings' }
                id: { $ref: '#/components/schemas/Id' }
                rule_name: { type: string }
                description: { type: string }
                priority: { type: integer }
                enabled: { type: boolean }
                conditions: { type: object }
                actions: { type: array, items: { type: object } }
                version: { type: integer, minimum: 1 }
                created_by: { type: string }
                created_at: { $ref: '#/components/schemas/Time' }
                updated_at: { $ref: '#/components/schemas/Time' }
        \#(ruleReports)
            Execution:
              type: object
              required: [id, version, status, superseded_by, resources, pending]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                version: { type: integer, minimum: 0 }
                status:
                  description: |
                    `superseded`, as long as any resource is pending, where a newer version is applied in its place.
                  type: string
                  enum: [running, superseded, completed]
                superseded_by: { description: The execution of the newest version., type: [string, 'null'], format: uuid }
                resources: { type: integer, minimum: 0 }
                pending: { type: integer, minimum: 0 }
            DataType: { type: string, enum: [string, number, boolean, date, enum] }
        \#(tagDefinition)
            Severity: { type: string, enum: [CRITICAL, HIGH, MEDIUM, LOW] }
        \#(policy)
            Violation:
              type: object
              required: [code, tag_key, value, message, suggested_fix, fix, source, rule_id]
              properties:
                message: { description: What is wrong., type: [string, 'null'] }
                suggested_fix: { description: Which change would mend it., type: [string, 'null'] }
                fix: { $ref: '#/components/schemas/Fix' }
                source: { description: What set the tag., type: [string, 'null'] }
                rule_id: { type: [string, 'null'], format: uuid }
                code: { type: string, enum: [\#(Violation.Code.allCases.map(\.rawValue).joined(separator: ", "))] }
                tag_key: { type: string }
                value: { type: string }
            Fix:
              type: [object, 'null']
              required: [action]
              properties:
                action: { type: string, enum: [set_tag, rename_tag, add_tags, remove_tags] }
                tag_key: { type: [string, 'null'] }
                tag_value: { type: [string, 'null'] }
                allowed_values: { type: array, items: { type: string } }
                from: { type: string }
                count: { type: integer, minimum: 1 }
            ComplianceStatus:
              type: object
              required:
                [id, resource_id, native_id, resource_name, resource_type, provider, account_id, region, policy_id, policy_name,
                 severity, is_compliant, is_waived, waiver_id, waiver_name, violations, checked_at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                resource_id: { $ref: '#/components/schemas/Id' }
                native_id: { description: The provider's own id., type: string }
                resource_name: { type: string }
                resource_type: { type: string }
                provider: { $ref: '#/components/schemas/Provider' }
                account_id: { type: string }
                region: { type: string }
                policy_id: { $ref: '#/components/schemas/Id' }
                policy_name: { type: [string, 'null'] }
                severity: { type: [string, 'null'] }
                is_compliant: { type: boolean }
                is_waived: { description: 'Not compliant, which a waiver allows.', type: boolean }
                waiver_id: { type: [string, 'null'], format: uuid }
                waiver_name: { type: [string, 'null'] }
                violations: { type: array, items: { $ref: '#/components/schemas/Violation' } }
                checked_at: { $ref: '#/components/schemas/Time' }
            ComplianceStatuses:
              type: object
              required: [items, next_cursor]
              properties:
                items: { type: array, items: { $ref: '#/components/schemas/ComplianceStatus' } }
                next_cursor: { $ref: '#/components/schemas/NextCursor' }
            ComplianceSummary:
              type: object
              required: [score, resources, compliant_resources, waived_resources, by_policy, pending, version]
              properties:
                score: { description: 'Per cent of resources that violate no policy, waived violations aside.', type: number, minimum: 0, maximum: 100 }
                resources: { type: integer, minimum: 0 }
                compliant_resources: { type: integer, minimum: 0 }
                waived_resources: { description: Those of the compliant ones that violate what a waiver allows., type: integer, minimum: 0 }
                by_policy:
                  type: array
                  items:
                    type: object
                    required: [policy_id, policy_name, severity, enabled, evaluated, compliant, waived, violations, score]
                    properties:
                      policy_id: { $ref: '#/components/schemas/Id' }
                      policy_name: { type: string }
                      severity: { $ref: '#/components/schemas/Severity' }
                      enabled: { type: boolean }
                      evaluated: { type: integer, minimum: 0 }
                      compliant: { type: integer, minimum: 0 }
                      waived: { type: integer, minimum: 0 }
                      violations: { type: integer, minimum: 0 }
                      score: { type: number, minimum: 0, maximum: 100 }
                pending: { type: integer, minimum: 0 }
                version: { type: integer, minimum: 0 }
        \#(waivers)
        \#(proposals)
        \#(planSchemas)
        \#(retentionSchemas)
            AuditAction: { type: string, enum: [\#(AuditEntry.Action.allCases.map(\.rawValue).joined(separator: ", "))] }
            AuditEntry:
              type: object
              required: [id, resource_id, action, tag_key, old_value, new_value, actor, source, rule_id, request_id, at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                resource_id: { type: [string, 'null'], format: uuid }
                action: { $ref: '#/components/schemas/AuditAction' }
                tag_key: { type: string }
                old_value: { type: [string, 'null'] }
                new_value: { type: [string, 'null'] }
                actor: { type: string }
                source: { type: [string, 'null'] }
                rule_id: { type: [string, 'null'], format: uuid }
                request_id: { type: string }
                at: { $ref: '#/components/schemas/Time' }
            EventSummary:
              type: object
              required: [accepted, created, updated, unchanged, deleted, ignored, errors]
              properties:
                accepted: { type: integer, minimum: 0 }
                created: { type: integer, minimum: 0 }
                updated: { type: integer, minimum: 0 }
                unchanged: { type: integer, minimum: 0 }
                deleted: { type: integer, minimum: 0 }
                ignored: { $ref: '#/components/schemas/ItemErrors' }
                errors: { $ref: '#/components/schemas/ItemErrors' }
            EventGridEvent:
              type: object
              required: [id, eventType]
              not: { required: [specversion] }
              properties:
                id: { type: string, minLength: 1 }
                eventType: { type: string, minLength: 1 }
            CloudEvent:
              type: object
              required: [id, type, specversion]
              properties:
                id: { type: string, minLength: 1 }
                type: { type: string, minLength: 1 }
                specversion: { description: '1.0' }
            EventGridEvents:
              anyOf:
                - { description: A list of events of either kind., type: array }
                - $ref: '#/components/schemas/EventGridEvent'
                - $ref: '#/components/schemas/CloudEvent'

        """#

    /// - Parameter other: one more kind of condition, as an element of a YAML list.
    private static func condition(_ name: String, or other: String? = nil) -> String {
        #"""
            \#(name):
              description: |
                `all`, `any` or `not` of conditions, or a test of one field. At most 16 levels, 256 tests, 10,000 values. A regular expression
                is RE2's and matches anywhere in the text; a glob (`*`, `?`, `[a-z]`, `[!a-z]`, `\` before any character) matches the whole
                of it.
              oneOf:
                - type: object
                  additionalProperties: false
                  required: [all]
                  properties:
                    all: { type: array, items: { $ref: '#/components/schemas/\#(name)' } }
                - type: object
                  additionalProperties: false
                  required: [any]
                  properties:
                    any: { type: array, minItems: 1, items: { $ref: '#/components/schemas/\#(name)' } }
                - type: object
                  additionalProperties: false
                  required: [not]
                  properties:
                    not: { $ref: '#/components/schemas/\#(name)' }
        \#(test("exists, absent", "{ type: 'null' }", isRequired: false))
        \#(test("eq, ne, gt, gte, lt, lte, contains, starts_with, ends_with", "{ $ref: '#/components/schemas/Scalar' }"))
        \#(test("in, not_in", "{ type: array, minItems: 1, items: { $ref: '#/components/schemas/Scalar' } }"))
        \#(test("glob", "{ type: string, minLength: 1, maxLength: 1024, pattern: \(globText) }"))
        \#(test("regex", "{ type: string, minLength: 1, maxLength: 1024, format: regex }"))
        \#(other.map { $0 + "\n" } ?? "")      example: { all: [{ field: provider, operator: eq, value: aws }, { field: tags.owner, operator: absent }] }
        """#
    }

    private static let relatedCondition = #"""
                - type: object
                  additionalProperties: false
                  required: [related]
                  properties:
                    related:
                      description: |
                        `where` holds for a resource so many steps along these relationships. It sees that resource's tags as they are without
                        rules along relationships.
                      type: object
                      additionalProperties: false
                      required: [types]
                      properties:
                        types: { $ref: '#/components/schemas/RelationshipTypes' }
                        direction: { $ref: '#/components/schemas/Direction' }
                        min_depth: { description: Not above `max_depth`., $ref: '#/components/schemas/Depth' }
                        max_depth: { $ref: '#/components/schemas/Depth' }
                        where: { anyOf: [{ $ref: '#/components/schemas/Condition' }, { type: 'null' }] }
        """#

    private static let relationshipSchemas = #"""
            RelationshipTypes:
              description: As resources tell them in `relationships`.
              type: array
              minItems: 1
              maxItems: \#(RelationshipType.allCases.count)
              items: { type: string, enum: [\#(RelationshipType.allCases.map(\.name).joined(separator: ", "))] }
            Direction:
              description: Along relationships as they point, against them, or both ways at each step.
              anyOf: [{ type: string, enum: [out, in, any], default: out }, { type: 'null' }]
            Depth:
              anyOf: [{ type: integer, minimum: 1, maximum: \#(RelationQuery.depthMax), default: 1 }, { type: 'null' }]
        """#

    private static func test(_ operators: String, _ value: String, isRequired: Bool = true) -> String {
        #"""
                - type: object
                  additionalProperties: false
                  required: [field, operator\#(isRequired ? ", value" : "")]
                  properties:
                    field: { $ref: '#/components/schemas/Field' }
                    operator: { type: string, enum: [\#(operators)] }
                    value: \#(value)
                    ignore_case: { type: [boolean, 'null'], default: false }
        """#
    }
}
