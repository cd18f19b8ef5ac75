/// The variables that can be seen at some place of a query.
struct Scope {
    struct Binding {
        var slot: Int32
        var type: StaticType
    }

    private(set) var bindings: [String: Binding] = [:]
    /// In the order of their declaration.
    private(set) var names: [String] = []

    subscript(_ name: String) -> Binding? { bindings[name] }

    var isEmpty: Bool { names.isEmpty }

    mutating func declare(_ name: String, _ binding: Binding) {
        if bindings.updateValue(binding, forKey: name) == nil { names.append(name) }
    }

    /// Everything of the other scope that has no binding here.
    mutating func inherit(_ outer: Scope) {
        for name in outer.names where bindings[name] == nil {
            if let binding = outer[name] { declare(name, binding) }
        }
    }

    func variable(_ name: String) -> Variable? { bindings[name].map { Variable(name, slot: $0.slot) } }
}
