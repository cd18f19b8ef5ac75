/// Names (labels, types, property keys) by small dense numbers, in the order in which they came. A number is never
/// given twice, and
/// a name never forgotten: there are few.
struct NameTable: Sendable {
    /// The most names of one kind.
    static let namesMax = 65_535

    private(set) var names: [String] = []
    private var numbers: [String: UInt16] = [:]
    private let kind: String

    init(kind: String) { self.kind = kind }

    func number(of name: String) -> UInt16? { numbers[name] }

    subscript(number: UInt16) -> String { names[Int(number)] }

    mutating func intern(_ name: String) throws(GraphError) -> UInt16 {
        if let number = numbers[name] { return number }
        guard names.count < Self.namesMax else { throw .full(what: "different \(kind)", limit: Self.namesMax) }
        let number = UInt16(names.count)
        names.append(name)
        numbers[name] = number
        return number
    }
}
