internal import Conditions

extension Fixed where Element: AnyObject {
    /// Lends an object without counting the reference: threads that share it would take its count from each other again and
    /// again. Each module has its own: across modules generic functions are not made for their types.
    @inline(__always)
    func lend<Result>(_ position: Int, _ body: (Element) throws -> Result) rethrows -> Result {
        assert(position >= 0 && position < count, "position \(position) of \(count)")
        // An unmanaged reference is the same pointer in memory.
        let reference = UnsafeRawPointer(base + position).load(as: Unmanaged<Element>.self)
        return try reference._withUnsafeGuaranteedRef(body)
    }
}
