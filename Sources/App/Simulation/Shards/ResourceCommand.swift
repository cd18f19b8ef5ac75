package import Shard

/// What a client can ask of one resource of a shard.
package enum ResourceCommand: Hashable, Sendable {
    case read
    /// The resource as a person describes it, here by its name alone.
    case put(name: UInt64, Precondition)
    case delete(Precondition)
    /// `POST`: creates or changes the tag.
    case applyTag(Int, value: UInt64)
    /// `PUT` of a tag that is there.
    case setTag(Int, value: UInt64, Precondition)
    case deleteTag(Int, Precondition)
    /// Asked by nobody: the row was judged anew under another catalogue.
    case sweep
}

/// What a command to a resource answers.
package enum ResourceAnswer: Hashable, Sendable {
    case record(ResourceView)
    /// `index`: of the entry, where there is one.
    case outcome(Outcome, index: UInt64)

    /// Whether something changed: then an entry must say so.
    var isOfChange: Bool {
        switch self {
        case .record: false
        case .outcome(let outcome, _): outcome.changedSomething
        }
    }
}

/// What clients can see of a resource.
package struct ResourceView: Hashable, Sendable {
    /// Keys that clients set tags under.
    package static let tagKeys = ["Owner", "Purpose"]

    /// The index of the entry that last changed the row; 0: there is no such resource.
    package var changedIndex: UInt64 = 0
    package var name: UInt64 = 0
    /// By tag: its value; 0: not set.
    package var tags: SIMD2<UInt64> = .zero

    package init() {}

    var exists: Bool { changedIndex > 0 }
}

extension Outcome {
    var changedSomething: Bool {
        switch self {
        case .created, .updated, .deleted: true
        case .unchanged, .notFound, .preconditionFailed, .invalid, .conflict, .notPermitted: false
        }
    }
}
