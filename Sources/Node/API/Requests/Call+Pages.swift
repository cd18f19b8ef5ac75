import Model
import NodeRuntime

extension Call {
    /// Works through all resources page by page, `work` on one page beside the search for the next.
    ///
    /// - Parameters:
    ///   - size: resources of a page.
    ///   - work: what is made of a page; off the event loops.
    ///   - take: what becomes of it, page after page.
    func forEachPage<Part: Sendable>(
        of size: Int, _ work: @escaping @Sendable ([ResourceRecord]) async -> Part, then take: (Part) -> Void
    ) async throws {
        try await walk.begin()
        var page = try await scan(after: nil, limit: size) { _ in true }
        while !page.isEmpty {
            let records = page
            async let part = work(records)
            let last = records.count == size ? records.last?.resource.id : nil
            page = if let last { try await scan(after: last, limit: size, where: { _ in true }) } else { [] }
            take(await part)
        }
    }
}
