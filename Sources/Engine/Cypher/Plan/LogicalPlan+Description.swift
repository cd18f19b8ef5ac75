import CypherSyntax
import PropertyGraph

extension LogicalPlan {
    /// The operator's name and details, as EXPLAIN and PROFILE show them.
    var description: OperatorDescription {
        switch self {
        case .argument: .init(name: "Argument")
        case .nodeScan(_, let step): step.description
        case .expand(_, let step): .init(name: step.isInto ? "ExpandInto" : "Expand", details: step.details)
        case .expandPath(_, let step):
            .init(name: "ExpandPath", details: step.details)
        case .reach(_, let step): .init(name: "Reach", details: step.details)
        case .reachCount(_, let step, _): .init(name: "ReachCount", details: step.details)
        case .shortestPath(_, let step):
            .init(name: step.all ? "AllShortestPaths" : "ShortestPath", details: step.expand.expand.details)
        case .boundRelationship: .init(name: "RelationshipEnds")
        case .path: .init(name: "Path")
        case .filter: .init(name: "Filter")
        case .extend(_, let columns): .init(name: "Projection", details: "\(columns.count) expressions")
        case .keep(_, let slots): .init(name: "Columns", details: "\(slots.count)")
        case .loadEnds: .init(name: "LoadEnds")
        case .unwind: .init(name: "Unwind")
        case .aggregate(_, let step):
            .init(
                name: "Aggregation",
                details: "\(step.keys.count) keys, "
                    + step.items.map { $0.aggregation.function.rawValue }.joined(separator: ", "))
        case .distinct: .init(name: "Distinct")
        case .sort(_, let items, let limit, _):
            .init(name: limit.isEmpty ? "Sort" : "Top", details: "\(items.count) keys")
        case .skip: .init(name: "Skip")
        case .limit: .init(name: "Limit")
        case .union: .init(name: "Union")
        case .apply(_, _, let step): .init(name: step.name)
        case .eager: .init(name: "Eager")
        case .write(_, let step): .init(name: step.name)
        case .merge: .init(name: "Merge")
        case .procedure(_, let step): .init(name: "ProcedureCall", details: step.name)
        case .schema: .init(name: "Schema")
        }
    }
}

extension NodeScanStep {
    fileprivate var description: OperatorDescription {
        var parts = test.labels.map { ":\($0)" }
        parts += test.tests.map { "\($0.key) \($0.test.name)" }
        if let join { parts.append("\(join.key) = by row") }
        let name =
            index != nil ? "NodeIndexSeek" : test.labels.isEmpty ? "AllNodesScan" : "NodeByLabelScan"
        if let index { parts.append("using \(index)") }
        return OperatorDescription(name: name, details: parts.joined(separator: " "))
    }
}

extension ConstantTest.Test {
    fileprivate var name: String {
        switch self {
        case .equal: "="
        case .oneOf: "IN"
        case .range: "range"
        case .prefix: "STARTS WITH"
        case .exists: "IS NOT NULL"
        }
    }
}

extension ExpandPathStep {
    fileprivate var details: String { "\(expand.details) *\(minimum)..\(maximum.map(String.init) ?? "")" }
}

extension ExpandStep {
    fileprivate var details: String {
        let types = types.isEmpty ? "" : ":" + types.joined(separator: "|")
        let far = test.labels.map { ":\($0)" }.joined() + test.tests.map { " \($0.key) \($0.test.name)" }.joined()
        return switch direction {
        case .outgoing: "()-[\(types)]->(\(far))"
        case .incoming: "()<-[\(types)]-(\(far))"
        case .either: "()-[\(types)]-(\(far))"
        }
    }
}

extension ApplyStep {
    fileprivate var name: String {
        switch kind {
        case .join: "Apply"
        case .optional: "OptionalApply"
        case .exists: "SemiApply"
        case .count: "CountApply"
        case .collect: "CollectApply"
        case .sideEffects: "ForEachApply"
        }
    }
}

extension WriteStep {
    fileprivate var name: String {
        switch self {
        case .create: "Create"
        case .set: "Set"
        case .remove: "Remove"
        case .delete(_, let detach): detach ? "DetachDelete" : "Delete"
        }
    }
}
