import ArgumentParser
import JSON

struct PoliciesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policies", abstract: "List and apply compliance policies.",
        subcommands: [List.self, Get.self, Apply.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List policies.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await DefinitionKind.policy.list(
                connection,
                columns: [
                    .init("SEVERITY"), .init("NAME", shrinks: true), .init("TYPE"), .init("ENABLED"),
                    .init("DESCRIPTION", shrinks: true),
                ]
            ) { policy in
                ["severity", "policy_name", "policy_type"].map(policy.cell)
                    + [policy["enabled"]?.bool != false ? "yes" : "no", policy.cell("description")]
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one policy whole.")
        @Argument(help: "Its name or id.") var policy: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws { try await DefinitionKind.policy.get(policy, connection) }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create the policies of a file, or update those that are there under the same policy_name.",
            discussion: """
                A policy in YAML; the fields of `rules` go by its type:

                  - policy_name: production-has-owners
                    policy_type: REQUIRED_TAGS
                    severity: HIGH
                    scope: {field: tags.environment, operator: eq, value: production}
                    rules: {required_tags: [owner, team]}

                  VALUE_VALIDATION         {tag_key, allowed_values: […]} and/or {tag_key, pattern}
                  CONDITIONAL_REQUIREMENT  {if: CONDITION, then_required: […]}
                  TAG_FORMAT               {tag_key: KEY or "*", pattern, key_pattern}
                  TAG_COUNT                {min, max}

                EXAMPLES
                  vtag policies apply -f policies.yaml
                """)
        @OptionGroup var options: ApplyOptions

        func run() async throws { try await options.run(.policy) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete policies and what they found.")
        @Argument(help: "Names or ids.") var policies: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws { try await DefinitionKind.policy.delete(policies, connection) }
    }
}
