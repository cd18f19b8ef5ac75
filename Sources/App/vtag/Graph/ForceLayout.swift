import Foundation

/// Places for the nodes of a drawing: connected ones near each other, no two on one spot.
///
/// Fruchterman and Reingold, "Graph Drawing by Force-directed Placement" (1991), with a pull towards the middle that keeps what is not
/// connected together. The same graph comes out the same.
struct ForceLayout {
    struct Point: Hashable {
        var x: Double
        var y: Double
    }

    /// The distance that two connected nodes aim for, in units of the drawing.
    static let distance = 110.0
    private static let rounds = 200

    private(set) var points: [Point]

    /// - Parameter edges: pairs of positions below `count`.
    init(count: Int, edges: [(start: Int, end: Int)]) {
        points = (0..<count).map(Self.spiral)
        let edges = edges.filter { $0.start != $0.end }
        for round in 0..<Self.rounds {
            let heat = Self.distance * (1 - Double(round) / Double(Self.rounds))
            move(Self.forces(points, edges), atMost: heat)
        }
    }

    /// Evenly over a disc, by the golden angle.
    private static func spiral(_ position: Int) -> Point {
        let angle = Double(position) * 2.399963229728653
        let radius = distance * Double(position).squareRoot() * 0.6
        return Point(x: radius * cos(angle), y: radius * sin(angle))
    }

    private static func forces(_ points: [Point], _ edges: [(start: Int, end: Int)]) -> [Point] {
        var forces = points.map { Point(x: -$0.x * gravity, y: -$0.y * gravity) }
        for one in points.indices {
            for other in points.indices where other > one {
                let (x, y) = (points[one].x - points[other].x, points[one].y - points[other].y)
                let push = distance * distance / max(x * x + y * y, 1)
                forces[one].x += x * push
                forces[one].y += y * push
                forces[other].x -= x * push
                forces[other].y -= y * push
            }
        }
        for (start, end) in edges {
            let (x, y) = (points[end].x - points[start].x, points[end].y - points[start].y)
            let pull = (x * x + y * y).squareRoot() / distance
            forces[start].x += x * pull
            forces[start].y += y * pull
            forces[end].x -= x * pull
            forces[end].y -= y * pull
        }
        return forces
    }

    /// Such that nodes without relationships fill a disc at about the distance of connected ones.
    private static let gravity = 1.5

    private mutating func move(_ forces: [Point], atMost heat: Double) {
        for (position, force) in forces.enumerated() {
            let strength = (force.x * force.x + force.y * force.y).squareRoot()
            guard strength > 0 else { continue }
            let step = min(strength, heat) / strength
            points[position].x += force.x * step
            points[position].y += force.y * step
        }
    }
}
