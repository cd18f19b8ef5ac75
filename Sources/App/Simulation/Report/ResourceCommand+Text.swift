import Linearizability
import Model
import Shard

extension ResourceCommand {
    private static let names = ["read", "put", "delete", "apply tag to", "set tag of", "delete tag of", "sweep"]

    private var number: UInt64 {
        switch self {
        case .read: 0
        case .put: 1
        case .delete: 2
        case .applyTag: 3
        case .setTag: 4
        case .deleteTag: 5
        case .sweep: 6
        }
    }

    /// The highest bit tells it from a register's.
    var traceWord: UInt64 {
        let content: UInt64 =
            switch self {
            case .read, .sweep: 0
            case .put(let name, let precondition): RegisterModel.fold(name, precondition.traceWord)
            case .delete(let precondition): precondition.traceWord
            case .applyTag(let tag, let value): RegisterModel.fold(UInt64(tag), value)
            case .setTag(let tag, let value, let precondition):
                RegisterModel.fold(RegisterModel.fold(UInt64(tag), value), precondition.traceWord)
            case .deleteTag(let tag, let precondition): RegisterModel.fold(UInt64(tag), precondition.traceWord)
            }
        return 1 << 63 | content << 3 & (1 << 63 - 1) | number
    }

    static func text(ofTraceWord word: UInt64) -> String { names[Int(word & 7)] }

    var text: String {
        switch self {
        case .read: "read"
        case .put(let name, let precondition): "put \(Trace.Line.short(name))\(precondition.text)"
        case .delete(let precondition): "delete\(precondition.text)"
        case .applyTag(let tag, let value): "apply tag \(tag) = \(Trace.Line.short(value))"
        case .setTag(let tag, let value, let precondition):
            "set tag \(tag) = \(Trace.Line.short(value))\(precondition.text)"
        case .deleteTag(let tag, let precondition): "delete tag \(tag)\(precondition.text)"
        case .sweep: "sweep"
        }
    }
}

extension ResourceAnswer {
    var traceWord: UInt64 {
        switch self {
        case .record(let view):
            RegisterModel.fold(
                RegisterModel.fold(view.changedIndex, view.name), RegisterModel.fold(view.tags[0], view.tags[1]))
        case .outcome(let outcome, let index): RegisterModel.fold(index, StableHash.hash(outcome.text))
        }
    }

    var text: String {
        switch self {
        case .record(let view) where !view.exists: "not there"
        case .record(let view):
            "of \(view.changedIndex): name \(Trace.Line.short(view.name)), tags \(Trace.Line.short(view.tags[0])), "
                + Trace.Line.short(view.tags[1])
        case .outcome(let outcome, let index): "\(outcome.text) at \(index)"
        }
    }
}

extension Outcome {
    fileprivate var text: String {
        switch self {
        case .created: "created"
        case .updated: "updated"
        case .unchanged: "unchanged"
        case .deleted: "deleted"
        case .notFound: "not found"
        case .preconditionFailed(let current): "not as of \(current.map(String.init) ?? "nothing")"
        case .invalid(let why), .conflict(let why): why
        case .notPermitted: "not permitted"
        }
    }
}

extension Precondition {
    fileprivate var traceWord: UInt64 {
        switch self {
        case .none: 1
        case .exists: 2
        case .absent: 3
        case .unchangedSince(let index): 4 + index
        }
    }

    fileprivate var text: String {
        switch self {
        case .none: ""
        case .exists: " if there"
        case .absent: " if not there"
        case .unchangedSince(let index): " if of \(index)"
        }
    }
}
