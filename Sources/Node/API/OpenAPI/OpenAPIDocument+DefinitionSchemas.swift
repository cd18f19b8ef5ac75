extension OpenAPIDocument {
    static let tagDefinition = #"""
            TagDefinitionDocument:
              description: |
                What a tag key means. A required tag is asked of every resource, by the policy `tag schema`. At most 5,000 of anything; of a value that is given twice one counts. What is odd, but has a
                meaning, is taken and named under `warnings`.
              oneOf:
        \#(dataType("{ type: [string, 'null'], enum: [string, null], default: string }", isRequired: false, setValues))
        \#(dataType("{ type: string, const: enum }", someValues))
        \#(dataType("{ type: string, const: number }", numbers))
        \#(dataType("{ type: string, const: boolean }", booleans))
        \#(dataType("{ type: string, const: date }", dates))
              example:
                tag_key: environment
                display_name: Environment
                data_type: enum
                allowed_values: [production, staging, development]
                required: true
                aliases: [env, stage]
                value_aliases: { production: [prod, prd] }
            Aliases:
              description: Other spellings of the key.
              type: [array, 'null']
              items: { type: string, minLength: 1, maxLength: 256, pattern: \#(proseText) }
            ValueAliases:
              description: Other spellings of values, by the value that they stand for.
              type: [object, 'null']
              propertyNames: { minLength: 1, maxLength: 1024, pattern: \#(valueText) }
              additionalProperties: { type: array, items: { $ref: '#/components/schemas/SetValue' } }
            Providers:
              description: |
                Providers that could be given the tag. What the provider of a resource would not take violates the schema; a key
                or an allowed value that one of them would not take is named under `warnings`.
              type: [array, 'null']
              uniqueItems: true
              maxItems: 3
              items: { $ref: '#/components/schemas/Provider' }
            Warnings:
              description: What is odd about the request, though it was carried out.
              type: array
              maxItems: 100
              items:
                type: object
                required: [pointer, message]
                properties:
                  pointer: { description: A JSON Pointer into the body., type: string }
                  message: { type: string }
            TagDefinition:
              type: object
              required:
                [id, tag_key, display_name, description, data_type, allowed_values, required, aliases, value_aliases, case_policy,
                 providers, warnings, version, created_at, updated_at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                tag_key: { type: string }
                display_name: { type: string }
                description: { type: string }
                data_type: { $ref: '#/components/schemas/DataType' }
                allowed_values: { type: array, items: { type: string } }
                required: { type: boolean }
                aliases: { type: array, items: { type: string } }
                value_aliases: { type: object, additionalProperties: { type: array, items: { type: string } } }
                case_policy: { description: What becomes of the case of values that are not among the allowed ones., type: string }
                providers: { type: array, items: { $ref: '#/components/schemas/Provider' } }
                warnings: { $ref: '#/components/schemas/Warnings' }
                version: { type: integer, minimum: 1 }
                created_at: { $ref: '#/components/schemas/Time' }
                updated_at: { $ref: '#/components/schemas/Time' }
        """#

    private static func dataType(_ type: String, isRequired: Bool = true, _ allowedValues: String) -> String {
        let isEnum = type.hasSuffix("enum }")
        return #"""
                    - type: object
                      required: [tag_key\#(isRequired ? ", data_type" : "")\#(isEnum ? ", allowed_values" : "")]
                      additionalProperties: false
                      properties:
                        tag_key: { $ref: '#/components/schemas/TagKey' }
                        display_name: { type: [string, 'null'], maxLength: 256, pattern: \#(proseText) }
                        description: { $ref: '#/components/schemas/Description' }
                        data_type: \#(type)
                        allowed_values:
            \#(allowedValues)
                        required: { type: [boolean, 'null'], default: false }
                        aliases: { $ref: '#/components/schemas/Aliases' }
                        value_aliases: { $ref: '#/components/schemas/ValueAliases' }
                        case_policy: { type: [string, 'null'], enum: [preserve, lower, upper, null], default: preserve }
                        providers: { $ref: '#/components/schemas/Providers' }
            """#
    }

    private static let setValues = #"""
                      type: [array, 'null']
                      items: { $ref: '#/components/schemas/SetValue' }
        """#

    private static let someValues = #"""
                      type: array
                      minItems: 1
                      items: { $ref: '#/components/schemas/SetValue' }
        """#

    private static let numbers = #"""
                      type: [array, 'null']
                      items:
                        anyOf:
                          - { type: number }
                          - { type: string, maxLength: 64, pattern: '^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$' }
        """#

    private static let booleans = #"""
                      type: [array, 'null']
                      items: { anyOf: [{ type: boolean }, { type: string, enum: ['true', 'false'] }] }
        """#

    private static let dates = #"""
                      type: [array, 'null']
                      items: { anyOf: [{ type: string, format: date }, { type: string, format: date-time }] }
        """#

    static let policy = #"""
            TagKeys: { type: array, minItems: 1, maxItems: 64, uniqueItems: true, items: { $ref: '#/components/schemas/TagKey' } }
            Regex: { type: [string, 'null'], minLength: 1, maxLength: 1024, format: regex, pattern: \#(proseText) }
            Count: { type: [integer, 'null'], minimum: 0, maximum: 1000 }
            PolicyDocument:
              oneOf:
        \#(policyType("REQUIRED_TAGS", requiredTags))
        \#(policyType("VALUE_VALIDATION", valueValidation))
        \#(policyType("CONDITIONAL_REQUIREMENT", conditional))
        \#(policyType("TAG_FORMAT", tagFormat))
        \#(policyType("TAG_COUNT", tagCount))
              example:
                policy_name: production has an owner
                policy_type: CONDITIONAL_REQUIREMENT
                severity: HIGH
                scope: { field: provider, operator: in, value: [aws, gcp] }
                rules: { if: { field: tags.environment, operator: eq, value: production }, then_required: [owner] }
            Policy:
              type: object
              required:
                [id, policy_name, description, policy_type, severity, scope, rules, enabled, warnings, version, created_by,
                 created_at, updated_at]
              properties:
                id: { $ref: '#/components/schemas/Id' }
                policy_name: { type: string }
                description: { type: string }
                policy_type:
                  { type: string, enum: [REQUIRED_TAGS, VALUE_VALIDATION, CONDITIONAL_REQUIREMENT, TAG_FORMAT, TAG_COUNT] }
                severity: { $ref: '#/components/schemas/Severity' }
                scope: { type: [object, 'null'] }
                rules: { type: object }
                enabled: { type: boolean }
                warnings: { $ref: '#/components/schemas/Warnings' }
                version: { type: integer, minimum: 1 }
                created_by: { type: string }
                created_at: { $ref: '#/components/schemas/Time' }
                updated_at: { $ref: '#/components/schemas/Time' }
        """#

    private static func policyType(_ type: String, _ rules: String) -> String {
        #"""
                - type: object
                  additionalProperties: false
                  required: [policy_name, policy_type, rules]
                  properties:
                    policy_name: { $ref: '#/components/schemas/Name' }
                    description: { $ref: '#/components/schemas/Description' }
                    policy_type: { type: string, const: \#(type) }
                    severity: { type: [string, 'null'], enum: [CRITICAL, HIGH, MEDIUM, LOW, null], default: MEDIUM }
                    scope: { anyOf: [{ $ref: '#/components/schemas/RuleCondition' }, { type: 'null' }] }
                    enabled: { type: [boolean, 'null'], default: true }
                    rules:
        \#(rules)
        """#
    }

    private static let requiredTags = #"""
                      type: object
                      additionalProperties: false
                      required: [required_tags]
                      properties:
                        required_tags: { $ref: '#/components/schemas/TagKeys' }
        """#

    private static let valueValidation = #"""
                      type: object
                      additionalProperties: false
                      required: [tag_key]
                      anyOf:
                        - { required: [allowed_values], properties: { allowed_values: { type: array } } }
                        - { required: [pattern], properties: { pattern: { type: string } } }
                      properties:
                        tag_key: { $ref: '#/components/schemas/TagKey' }
                        allowed_values:
                          type: [array, 'null']
                          minItems: 1
                          items: { type: string, minLength: 1, maxLength: 1024, pattern: \#(proseText) }
                        pattern: { $ref: '#/components/schemas/Regex' }
        """#

    private static let conditional = #"""
                      type: object
                      additionalProperties: false
                      required: [if, then_required]
                      properties:
                        if: { $ref: '#/components/schemas/RuleCondition' }
                        then_required: { $ref: '#/components/schemas/TagKeys' }
        """#

    private static let tagFormat = #"""
                      description: Without `tag_key`, or with `*`, for every tag.
                      type: object
                      additionalProperties: false
                      anyOf:
                        - { required: [pattern], properties: { pattern: { type: string } } }
                        - { required: [key_pattern], properties: { key_pattern: { type: string } } }
                      properties:
                        tag_key: { anyOf: [{ $ref: '#/components/schemas/TagKey' }, { type: 'null' }] }
                        pattern: { $ref: '#/components/schemas/Regex' }
                        key_pattern: { $ref: '#/components/schemas/Regex' }
        """#

    private static let tagCount = #"""
                      description: A `min` above `max` is taken with a warning, as no resource can comply.
                      type: object
                      additionalProperties: false
                      anyOf:
                        - { required: [min], properties: { min: { type: integer } } }
                        - { required: [max], properties: { max: { type: integer } } }
                      properties:
                        min: { $ref: '#/components/schemas/Count' }
                        max: { $ref: '#/components/schemas/Count' }
        """#
}
