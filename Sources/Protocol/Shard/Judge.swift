package import Model

/// Turns a resource and the claims that people and models made on it into its tags and its compliance.
///
/// Confined to one event loop: implementations keep scratch space.
package protocol Judge: AnyObject {
    /// The version of rules, schema and policies that it judges under.
    var version: UInt64 { get }

    /// - Parameters:
    ///   - claims: what is not derived (by hand, by models), by key.
    ///   - previous: the row as it was, whose times and ids stay where nothing changed.
    func judge(
        _ resource: Resource, claims: [VirtualTag], previous: ResourceRecord?, at now: Timestamp
    ) -> (tags: [VirtualTag], compliance: [ComplianceResult])

    /// Whether a row may come out otherwise than it is stored, if it was judged under `version` or a later one. True when in
    /// doubt.
    func mayChange(_ row: UnsafeRawBufferPointer, judgedSince version: UInt64) -> Bool
}

extension Judge {
    package func mayChange(_ row: UnsafeRawBufferPointer, judgedSince version: UInt64) -> Bool { true }
}
