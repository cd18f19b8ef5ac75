internal import Conditions
internal import Model

/// Keys whose values rules make from one another in a circle: what comes out depends on nothing but the rules' order.
///
/// Keys are nodes, and an edge leads from the tag that a value is made from to the tag that it is for. A circle is a
/// strongly connected component of more than one key (Tarjan, SIAM Journal on Computing 1972), found without recursion.
struct KeyCycles {
    private struct Edge {
        let from: Int
        let to: Int
        let rule: Int
        let pointer: JSONPointer
    }

    private let rules: [LintedRule]
    /// By the numbers of their nodes.
    private var keys: [String] = []
    private var edges: [Edge] = []
    private var outgoing: [[Int]] = []

    init(_ rules: [LintedRule]) {
        self.rules = rules
        var numbers: [String: Int] = [:]
        for (position, rule) in rules.enumerated() {
            for action in rule {
                for source in action.sources where source != action.form {
                    let from = node(source, named: source, &numbers)
                    let to = node(action.form, named: action.key, &numbers)
                    outgoing[from].append(edges.count)
                    edges.append(Edge(from: from, to: to, rule: position, pointer: action.pointer))
                }
            }
        }
    }

    private mutating func node(_ form: String, named name: String, _ numbers: inout [String: Int]) -> Int {
        if let known = numbers[form] {
            if name != form { keys[known] = name }
            return known
        }
        numbers[form] = keys.count
        keys.append(name)
        outgoing.append([])
        return keys.count - 1
    }

    /// One per circle, of the first rule that has a part in it.
    var findings: [LintFinding] {
        let component = components()
        var inside: [Int: [Edge]] = [:]
        for edge in edges where component[edge.from] == component[edge.to] {
            inside[component[edge.from], default: []].append(edge)
        }
        return inside.values.compactMap { edges -> (Int, LintFinding)? in
            guard let first = edges.min(by: { $0.rule < $1.rule }) else { return nil }
            var members: [Int] = []
            for edge in edges.sorted(by: { $0.rule < $1.rule }) where members.last != edge.rule { members.append(edge.rule) }
            let others = members.filter { $0 != first.rule }.map { rules[$0].id }
            let finding = LintFinding(
                .cycle, .rules, rules[first.rule].id, at: first.pointer, key: keys[first.to], others: others,
                "tags are made from one another in a circle: \(circle(from: first.from, edges)); what comes out depends on "
                    + "the order of the rules alone")
            return (first.rule, finding)
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// `a → b → a`: one way round, at most eight keys of it told.
    private func circle(from start: Int, _ edges: [Edge]) -> String {
        var next: [Int: Int] = [:]
        for edge in edges where next[edge.from] == nil { next[edge.from] = edge.to }
        var seen: [Int] = []
        var at = start
        while !seen.contains(at), seen.count < 64, let to = next[at] {
            seen.append(at)
            at = to
        }
        let round = (seen.firstIndex(of: at).map { Array(seen[$0...]) } ?? seen) + [at]
        let told = round.prefix(8).map { "`\(keys[$0])`" }
        return (told + (round.count > told.count ? ["…"] : [])).joined(separator: " → ")
    }

    /// The number of each node's component.
    private func components() -> [Int] {
        var index = [Int](repeating: -1, count: keys.count)
        var low = index
        var component = index
        var counter = 0
        var components = 0
        var stack: [Int] = []
        for root in keys.indices where index[root] < 0 {
            var path: [(node: Int, edge: Int)] = [(root, 0)]
            while let (node, edge) = path.last {
                if edge == 0, index[node] < 0 {
                    index[node] = counter
                    low[node] = counter
                    counter += 1
                    stack.append(node)
                }
                if edge < outgoing[node].count {
                    path[path.count - 1].edge += 1
                    let to = edges[outgoing[node][edge]].to
                    if index[to] < 0 {
                        path.append((to, 0))
                    } else if component[to] < 0 {
                        low[node] = min(low[node], index[to])
                    }
                    continue
                }
                path.removeLast()
                if let parent = path.last?.node { low[parent] = min(low[parent], low[node]) }
                guard low[node] == index[node] else { continue }
                while let member = stack.popLast() {
                    component[member] = components
                    if member == node { break }
                }
                components += 1
            }
        }
        return component
    }
}
