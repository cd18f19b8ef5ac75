import ArgumentParser
import JSON

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "List and apply tag definitions: types, allowed values, other spellings.",
        subcommands: [
            List.self, Get.self, Apply.self, Delete.self, Proposals.self, Accept.self, Reject.self, Reconsider.self,
        ], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List tag definitions.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await DefinitionKind.schema.list(
                connection,
                columns: [
                    .init("KEY"), .init("TYPE"), .init("REQUIRED"), .init("VALUES", shrinks: true),
                    .init("ALSO SPELLED", shrinks: true),
                ]
            ) { definition in
                let words = { (name: String) in (definition[name]?.array ?? []).map(\.cell).joined(separator: ", ") }
                return [
                    definition.cell("tag_key"), definition.cell("data_type"),
                    definition["required"]?.bool == true ? "yes" : "no",
                    words("allowed_values"), words("aliases"),
                ]
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one tag definition whole.")
        @Argument(help: "Its tag_key or id.") var definition: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws { try await DefinitionKind.schema.get(definition, connection) }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create the tag definitions of a file, or update those that are there under the same tag_key.",
            discussion: """
                A definition in YAML:

                  - tag_key: environment
                    data_type: enum
                    allowed_values: [production, staging, development]
                    aliases: [env, stage]
                    value_aliases: {production: [prd, prod, live]}
                    required: true              # every resource has it
                    case_policy: lower          # of values that are not listed
                    providers: [aws, gcp]       # what these would not take violates it

                EXAMPLES
                  vtag schema apply -f schema.yaml
                """)
        @OptionGroup var options: ApplyOptions

        func run() async throws { try await options.run(.schema) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete tag definitions; the tags stay.")
        @Argument(help: "Keys or ids.") var definitions: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws { try await DefinitionKind.schema.delete(definitions, connection) }
    }
}
