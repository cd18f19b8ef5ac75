package import JSON

/// Everything that is wrong with a document that a person wrote: all of it at once, each problem with its place.
package struct ValidationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    package struct Problem: Hashable, Sendable {
        /// Where: a JSON pointer (RFC 6901) into the document.
        package let pointer: String
        /// What, and where possible what to do.
        package let message: String

        package init(pointer: String, message: String) {
            self.pointer = pointer
            self.message = message
        }
    }

    /// Most problems that are reported of one document; what is beyond is only counted.
    package static let problemsMax = 100

    /// In the order in which the document was read.
    package private(set) var problems: [Problem] = []
    /// How many more there were than `problemsMax`.
    package private(set) var unreported = 0

    package init() {}

    package init(_ message: String, at pointer: JSONPointer = .root) { add(message, at: pointer) }

    package var isEmpty: Bool { problems.isEmpty }

    /// The message is worked out only while there is room for it: suggestions are not free, and hostile documents are long.
    package mutating func add(_ message: @autoclosure () -> String, at pointer: @autoclosure () -> JSONPointer) {
        guard problems.count < Self.problemsMax else {
            unreported += 1
            return
        }
        problems.append(Problem(pointer: pointer().text, message: message()))
    }

    /// A problem that was found elsewhere.
    package mutating func add(_ problem: Problem) {
        guard problems.count < Self.problemsMax else {
            unreported += 1
            return
        }
        problems.append(problem)
    }

    /// `[{"pointer", "message"}]`.
    package var json: JSONValue {
        .array(
            problems.map {
                .object([.init("pointer", .string($0.pointer)), .init("message", .string($0.message))])
            })
    }

    package var description: String {
        problems.map { $0.pointer.isEmpty ? $0.message : "\($0.pointer): \($0.message)" }.joined(separator: "; ")
    }
}

/// A place in a JSON document, RFC 6901. The root is the empty text.
package struct JSONPointer: Hashable, Sendable {
    package let text: String

    private init(text: String) { self.text = text }

    package static let root = JSONPointer(text: "")

    /// The member of that name below this place.
    package func appending(_ name: String) -> JSONPointer {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return JSONPointer(text: "\(text)/\(name)")
        }
        var escaped = ""
        for character in name {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.append(character)
            }
        }
        return JSONPointer(text: "\(text)/\(escaped)")
    }

    /// The element at that position below this place.
    package func appending(_ position: Int) -> JSONPointer { JSONPointer(text: "\(text)/\(position)") }
}
