extension KitValue {
    /// Reads the kit's notation: `1`, `'text'`, `[1, 2]`, `{a: 1}`, `(:A {p: 1})`, `[:T]`, `<(:A)-[:T]->(:B)>`.
    init(reading text: String) throws {
        var parser = KitValueParser(text)
        self = try parser.value()
        guard parser.isAtEnd else { throw KitFault(description: "not a value of the kit: \(text)") }
    }
}

private struct KitValueParser {
    private let text: String
    private let characters: [Character]
    private var position = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == characters.count
        }
    }

    private var fault: KitFault { KitFault(description: "not a value of the kit, at character \(position): \(text)") }

    private mutating func skipSpace() {
        while position < characters.count, characters[position].isWhitespace { position += 1 }
    }

    private func isNext(_ wanted: String) -> Bool { characters[position...].starts(with: wanted) }

    private mutating func take(_ wanted: String) -> Bool {
        skipSpace()
        guard isNext(wanted) else { return false }
        position += wanted.count
        return true
    }

    private mutating func expect(_ wanted: String) throws { guard take(wanted) else { throw fault } }

    mutating func value() throws -> KitValue {
        skipSpace()
        guard position < characters.count else { throw fault }
        switch characters[position] {
        case "'": return .string(try string())
        case "[":
            let start = position
            position += 1
            if take(":") {
                position = start
                return .relationship(try relationship())
            }
            return .list(try members(until: "]"))
        case "{": return .map(try map())
        case "(": return .node(try node())
        case "<": return try path()
        default: return try word()
        }
    }

    private mutating func members(until end: String) throws -> [KitValue] {
        var values: [KitValue] = []
        if take(end) { return values }
        repeat { values.append(try value()) } while take(",")
        try expect(end)
        return values
    }

    private mutating func name() throws -> String {
        skipSpace()
        if take("`") {
            let start = position
            while position < characters.count, characters[position] != "`" { position += 1 }
            defer { position += 1 }
            return String(characters[start..<min(position, characters.count)])
        }
        let start = position
        while position < characters.count,
            characters[position].isLetter || characters[position].isNumber
                || characters[position] == "_"
        { position += 1 }
        guard position > start else { throw fault }
        return String(characters[start..<position])
    }

    private mutating func map() throws -> [String: KitValue] {
        try expect("{")
        var map: [String: KitValue] = [:]
        if take("}") { return map }
        repeat {
            let key = try name()
            try expect(":")
            map[key] = try value()
        } while take(",")
        try expect("}")
        return map
    }

    private mutating func node() throws -> KitValue.Node {
        try expect("(")
        var node = KitValue.Node(labels: [], properties: [:])
        while take(":") { node.labels.insert(try name()) }
        skipSpace()
        if isNext("{") { node.properties = try map() }
        try expect(")")
        return node
    }

    private mutating func relationship() throws -> KitValue.Relationship {
        try expect("[")
        try expect(":")
        var relationship = KitValue.Relationship(type: try name(), properties: [:])
        skipSpace()
        if isNext("{") { relationship.properties = try map() }
        try expect("]")
        return relationship
    }

    private mutating func path() throws -> KitValue {
        try expect("<")
        let start = try node()
        var steps: [KitValue.PathStep] = []
        while !take(">") {
            let isBackward = take("<-")
            if !isBackward { try expect("-") }
            let relationship = try relationship()
            try expect(isBackward ? "-" : "->")
            steps.append(KitValue.PathStep(relationship: relationship, isForward: !isBackward, node: try node()))
        }
        return .path(start, steps)
    }

    private mutating func string() throws -> String {
        try expect("'")
        var result = ""
        while position < characters.count {
            let character = characters[position]
            position += 1
            if character == "'" { return result }
            guard character == "\\", position < characters.count else {
                result.append(character)
                continue
            }
            let escaped = characters[position]
            position += 1
            result += ["n": "\n", "t": "\t", "r": "\r"][escaped] ?? String(escaped)
        }
        throw fault
    }

    private mutating func word() throws -> KitValue {
        let start = position
        while position < characters.count, !",]}".contains(characters[position]), !characters[position].isWhitespace {
            position += 1
        }
        let word = String(characters[start..<position])
        switch word {
        case "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "NaN": return .notANumber
        case "Inf": return .float(.infinity)
        case "-Inf": return .float(-.infinity)
        default: break
        }
        if let number = Int64(word) { return .integer(number) }
        guard let number = Double(word) else { throw fault }
        return .float(number)
    }
}
