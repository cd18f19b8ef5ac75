import Foundation
import JSON

/// A picture of nodes and relationships: SVG 1.1 that stands alone, readable on light and dark ground. Details show under the pointer.
struct GraphSVG {
    private let picture: GraphPicture
    private let points: [ForceLayout.Point]
    /// Labels in the order of their first node, each with a colour.
    private let legend: [(label: String, colour: String)]

    private static let radius = 17.0
    private static let margin = 90.0
    private static let captionCharactersMax = 24
    /// Told apart by people who see no red or green, too (Okabe and Ito).
    private static let colours = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999"]

    init(_ picture: GraphPicture) {
        self.picture = picture
        points = ForceLayout(count: picture.nodes.count, edges: picture.edges.map { ($0.start, $0.end) }).points
        var labels: [String] = []
        for node in picture.nodes {
            let label = Self.label(of: node)
            if !labels.contains(label) { labels.append(label) }
        }
        legend = labels.enumerated().map { ($1, Self.colours[$0 % Self.colours.count]) }
    }

    /// The one that tells most: what every resource is called comes last.
    private static func label(of node: GraphNode) -> String {
        node.labels.first { $0 != "Resource" } ?? node.labels.first ?? ""
    }

    // MARK: The document

    var text: String {
        let left = (points.map(\.x).min() ?? 0) - Self.margin
        let top = (points.map(\.y).min() ?? 0) - Self.margin
        let width = (points.map(\.x).max() ?? 0) + Self.margin - left
        let height = (points.map(\.y).max() ?? 0) + Self.margin - top + Double(legend.count) * 18
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="\(number(left)) \(number(top)) \(number(width)) \(number(height))" \
            width="\(number(width))" height="\(number(height))" font-family="system-ui, sans-serif">
            <style>
            text { fill: #222; font-size: 11px; text-anchor: middle } .type { font-size: 9px; fill: #666 }
            .legend { text-anchor: start } path { stroke: #8a8a8a; stroke-width: 1.3; fill: none }
            circle { stroke: #fff; stroke-width: 1.5 } #head path { fill: #8a8a8a; stroke: none }
            @media (prefers-color-scheme: dark) { text { fill: #ddd } .type { fill: #aaa } circle { stroke: #222 } }
            </style>
            <defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto" \
            markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z"/></marker></defs>

            """
        text += edges() + nodes() + key(left: left + 16, bottom: top + height - 14)
        return text + "</svg>\n"
    }

    private func nodes() -> String {
        zip(picture.nodes, points).map { node, point in
            let colour = legend.first { $0.label == Self.label(of: node) }?.colour ?? Self.colours[0]
            return """
                <g><title>\(escaped(GraphSVG.details(node.labels.map { ":\($0)" }.joined(), node.properties)))</title>\
                <circle cx="\(number(point.x))" cy="\(number(point.y))" r="\(number(Self.radius))" fill="\(colour)"/>\
                <text x="\(number(point.x))" y="\(number(point.y + Self.radius + 12))">\(escaped(Self.caption(of: node)))</text></g>

                """
        }.joined()
    }

    /// Relationships between the same two nodes lie beside each other.
    private func edges() -> String {
        var before: [[Int]: Int] = [:]
        return picture.edges.map { edge in
            let pair = [min(edge.start, edge.end), max(edge.start, edge.end)]
            let number = before[pair, default: 0]
            before[pair] = number + 1
            let (line, place) = edge.start == edge.end ? loop(edge, number) : arc(edge, number)
            let relationship = edge.relationship
            return """
                <g><title>\(escaped(Self.details(":\(relationship.type)", relationship.properties)))</title>\
                <path d="\(line)" marker-end="url(#head)"/>\
                <text class="type" x="\(self.number(place.x))" y="\(self.number(place.y))">\(escaped(relationship.type))</text></g>

                """
        }.joined()
    }

    /// From rim to rim, bent by its number among those between the same nodes.
    private func arc(_ edge: GraphPicture.Edge, _ number: Int) -> (line: String, place: ForceLayout.Point) {
        let (start, end) = (points[edge.start], points[edge.end])
        let (x, y) = (end.x - start.x, end.y - start.y)
        let length = max((x * x + y * y).squareRoot(), 1)
        // To one side and the other by turns, seen from the same end whichever way it leads.
        let side = Double((number + 1) / 2) * (number % 2 == 0 ? 1 : -1) * (edge.start < edge.end ? 1 : -1)
        let bend = side * 34
        let middle = ForceLayout.Point(
            x: (start.x + end.x) / 2 - y / length * bend, y: (start.y + end.y) / 2 + x / length * bend)
        let from = rim(of: start, towards: middle, Self.radius)
        let to = rim(of: end, towards: middle, Self.radius + 2)
        let line = "M\(pair(from))Q\(pair(middle)) \(pair(to))"
        return (line, ForceLayout.Point(x: (from.x + 2 * middle.x + to.x) / 4, y: (from.y + 2 * middle.y + to.y) / 4 - 3))
    }

    private func loop(_ edge: GraphPicture.Edge, _ number: Int) -> (line: String, place: ForceLayout.Point) {
        let point = points[edge.start]
        let height = Self.radius + 26 + Double(number) * 14
        let from = ForceLayout.Point(x: point.x - Self.radius * 0.6, y: point.y - Self.radius * 0.8)
        let to = ForceLayout.Point(x: point.x + Self.radius * 0.6, y: point.y - Self.radius * 0.8 - 1)
        let line = """
            M\(pair(from))C\(self.number(point.x - 24)) \(self.number(point.y - height)) \
            \(self.number(point.x + 24)) \(self.number(point.y - height)) \(pair(to))
            """
        return (line, ForceLayout.Point(x: point.x, y: point.y - height + 4))
    }

    private func rim(of point: ForceLayout.Point, towards other: ForceLayout.Point, _ radius: Double) -> ForceLayout.Point {
        let (x, y) = (other.x - point.x, other.y - point.y)
        let length = max((x * x + y * y).squareRoot(), 1)
        return ForceLayout.Point(x: point.x + x / length * radius, y: point.y + y / length * radius)
    }

    private func key(left: Double, bottom: Double) -> String {
        legend.enumerated().map { position, entry in
            let y = bottom - Double(legend.count - 1 - position) * 18
            return """
                <circle cx="\(number(left))" cy="\(number(y - 4))" r="6" fill="\(entry.colour)"/>\
                <text class="legend" x="\(number(left + 12))" y="\(number(y))">\
                \(escaped(entry.label.isEmpty ? "no label" : entry.label))</text>

                """
        }.joined()
    }

    // MARK: Words

    private static func caption(of node: GraphNode) -> String {
        func property(_ name: String) -> String? {
            node.properties.first { $0.name == name && !$0.value.isNull }?.value.cell
        }
        var text = property("name") ?? property("id") ?? node.id
        if let key = property("key"), let value = property("value") { text = "\(key)=\(value)" }
        text = Terminal.clean(text)
        return text.count > captionCharactersMax ? "\(text.prefix(captionCharactersMax - 1))…" : text
    }

    private static func details(_ heading: String, _ properties: [JSONValue.Member]) -> String {
        ([heading] + properties.map { "\($0.name): \($0.value.cell)" }).joined(separator: "\n")
    }

    // MARK: Form

    private func pair(_ point: ForceLayout.Point) -> String { "\(number(point.x)) \(number(point.y))" }

    /// With one decimal: a tenth of a pixel.
    private func number(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)
    }

    /// What XML 1.0 allows between two tags.
    private func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || [0xFFFE, 0xFFFF].contains(scalar.value): escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
