/// What a procedure takes and gives.
package struct ProcedureSignature: Sendable, Hashable {
    package enum ValueType: String, Sendable, Hashable {
        case any = "ANY"
        case boolean = "BOOLEAN"
        case integer = "INTEGER"
        case float = "FLOAT"
        case number = "NUMBER"
        case string = "STRING"
        case map = "MAP"
        case list = "LIST"
    }

    package struct Field: Sendable, Hashable {
        package let name: String
        package let type: ValueType

        package init(_ name: String, _ type: ValueType) {
            self.name = name
            self.type = type
        }
    }

    package let name: String
    package let arguments: [Field]
    package let results: [Field]

    package init(name: String, arguments: [Field], results: [Field]) {
        self.name = name
        self.arguments = arguments
        self.results = results
    }
}

extension ProcedureSignature.ValueType {
    var staticType: StaticType {
        switch self {
        case .any: .any
        case .boolean: .boolean
        case .integer: .integer
        case .float: .float
        case .number: .number
        case .string: .string
        case .map: .map
        case .list: .list(.any)
        }
    }

    /// Whether a value of the type may be passed: an integer is as good as a float.
    func accepts(_ type: StaticType) -> Bool {
        self == .float ? type.mayBe(.float, .integer, .number) : type.mayBe(staticType)
    }
}
