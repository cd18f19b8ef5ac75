import HTTPTransport

/// Finds the route of a path: a tree over the parts between the slashes, built once.
struct Router: Sendable {
    enum Match: Sendable {
        /// `route` is a position in the table; `parameters` are the varying parts in order, undecoded.
        case found(route: Int, parameters: [String])
        case wrongMethod(allowed: [String])
        case notFound
    }

    /// Most parts of a path.
    static let partsMax = 8

    private struct Node: Sendable {
        var fixed: [(part: [UInt8], node: Int)] = []
        var varying: Int?
        /// Methods that the path ending here answers, and their routes.
        var routes: [(method: HTTPMethod, route: Int)] = []
    }

    private var nodes = [Node()]

    init(_ table: [Route]) {
        for (position, route) in table.enumerated() {
            var here = 0
            for part in route.template.utf8.split(separator: UInt8(ascii: "/")) { here = child(of: here, Array(part)) }
            precondition(
                !nodes[here].routes.contains { $0.method == route.method },
                "Two routes answer \(route.method) \(route.template)")
            nodes[here].routes.append((route.method, position))
        }
    }

    private mutating func child(of parent: Int, _ part: [UInt8]) -> Int {
        if part.first == UInt8(ascii: "{") {
            if let node = nodes[parent].varying { return node }
            nodes.append(Node())
            nodes[parent].varying = nodes.count - 1
        } else {
            if let known = nodes[parent].fixed.first(where: { $0.part == part }) { return known.node }
            nodes.append(Node())
            nodes[parent].fixed.append((part, nodes.count - 1))
        }
        return nodes.count - 1
    }

    /// HEAD is answered where GET is (RFC 9110 section 9.3.2); the transport leaves the body out.
    func match(_ method: HTTPMethod, _ path: UnsafeRawBufferPointer) -> Match {
        guard path.first == UInt8(ascii: "/") else { return .notFound }
        var here = 0
        var parameters: [String] = []
        for (position, part) in path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .enumerated()
        {
            guard position < Self.partsMax else { return .notFound }
            if let known = nodes[here].fixed.first(where: { $0.part.elementsEqual(part) }) {
                here = known.node
            } else if let varying = nodes[here].varying, !part.isEmpty {
                here = varying
                parameters.append(String(decoding: part, as: UTF8.self))
            } else {
                return .notFound
            }
        }
        let routes = nodes[here].routes
        guard !routes.isEmpty else { return .notFound }
        let wanted = method == .head ? .get : method
        if let route = routes.first(where: { $0.method == method }) ?? routes.first(where: { $0.method == wanted }) {
            return .found(route: route.route, parameters: parameters)
        }
        var allowed = routes.map(\.method.name)
        if allowed.contains("GET") { allowed.append("HEAD") }
        return .wrongMethod(allowed: allowed.sorted())
    }
}
