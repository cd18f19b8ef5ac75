/// The query part of a request, decoded: names and values in order.
struct Query: Sendable {
    /// Most parameters in one query.
    static let parametersMax = 64

    private(set) var parameters: [(name: String, value: String)] = []

    init() {}

    /// Decodes `name=value&…` with percent escapes, `+` for a space. Throws a 400 that says what is wrong.
    init(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
        guard !bytes.isEmpty else { return }
        for part in bytes.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
            guard parameters.count < Self.parametersMax else {
                throw .badRequest("The query has more than \(Self.parametersMax) parameters.")
            }
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            guard let name = Self.decode(part[..<(equals ?? part.endIndex)]),
                let value = Self.decode(equals.map { part[($0 + 1)...] } ?? part[part.endIndex...])
            else { throw .badRequest("The query has a broken percent escape, or its text is not UTF-8.") }
            parameters.append((name, value))
        }
    }

    /// Nil when an escape is cut short or not hexadecimal, or the result is not UTF-8.
    private static func decode(_ text: Slice<UnsafeRawBufferPointer>) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var position = text.startIndex
        while position < text.endIndex {
            switch text[position] {
            case UInt8(ascii: "%"):
                guard position + 2 < text.endIndex, let high = hexDigit(text[position + 1]),
                    let low = hexDigit(text[position + 2])
                else { return nil }
                bytes.append(high << 4 | low)
                position += 2
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case let byte: bytes.append(byte)
            }
            position += 1
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension Query {
    /// Throws a 400 that names a parameter that this path does not know, or one that is given twice though it counts once.
    func check(known: [QueryParameter]) throws(Problem) {
        for (position, parameter) in parameters.enumerated() {
            guard let declared = known.first(where: { $0.name == parameter.name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                throw .badRequest(
                    "There is no query parameter \"\(parameter.name.prefix(64))\" here. \(known.isEmpty ? "None is known." : "Known: \(names).")",
                    [.init("?\(parameter.name.prefix(64))", "is not known here")])
            }
            if !declared.isRepeatable, parameters[..<position].contains(where: { $0.name == parameter.name }) {
                throw .badParameter(parameter.name, "is given more than once")
            }
            let scalars = parameter.value.unicodeScalars
            if scalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
                throw .badParameter(parameter.name, "holds a control character")
            }
            if scalars.count > declared.charactersMax {
                throw .badParameter(parameter.name, "is longer than \(declared.charactersMax) characters")
            }
        }
    }

    subscript(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

    func values(of name: String) -> [String] { parameters.filter { $0.name == name }.map(\.value) }

    /// The value as one of an enumeration's spellings; nil when it is not given.
    func value<Value: RawRepresentable & CaseIterable>(
        _ name: String, as type: Value.Type
    ) throws(Problem) -> Value? where Value.RawValue == String {
        guard let text = self[name] else { return nil }
        guard let value = Value(rawValue: text) else {
            throw .badParameter(name, "must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    /// The value as a number in a range; nil when it is not given.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), !text.hasPrefix("+"), range.contains(value) else {
            throw .badParameter(name, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// All parameters but `limit` and `cursor`, in one spelling whatever their order: what a cursor is bound to.
    var canonical: String {
        parameters.filter { $0.name != "limit" && $0.name != "cursor" && $0.name != "access_token" }
            .map { "\($0.name.utf8.count):\($0.name)\($0.value.utf8.count):\($0.value)" }
            .sorted().joined()
    }
}

/// A query parameter that a route knows.
struct QueryParameter: Sendable {
    let name: String
    let isRepeatable: Bool
    /// Longest accepted value in characters (Unicode scalars, as JSON Schema counts them).
    let charactersMax: Int

    init(_ name: String, isRepeatable: Bool = false, charactersMax: Int = 256) {
        self.name = name
        self.isRepeatable = isRepeatable
        self.charactersMax = charactersMax
    }

    /// What every list takes.
    static let paging = [QueryParameter("limit"), QueryParameter("cursor", charactersMax: CursorSealer.charactersMax)]
    /// A resource by our id or by the provider's own.
    static let resource = QueryParameter("resource_id", charactersMax: 1024)
}
