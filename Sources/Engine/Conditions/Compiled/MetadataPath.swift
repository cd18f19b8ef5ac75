internal import JSON

/// Finds the value at a dotted path. A number picks an element of an array. A member whose own name has dots is found
/// too (`labels.app.kubernetes.io/name`), after those that have fewer.
///
/// Each value of the document lies on one path only, so that the search visits none twice.
enum MetadataPath {
    static func find(_ path: ByteText.Bytes, in root: JSONView) -> JSONView? {
        guard !path.isEmpty else { return root }
        var end = 0
        while end < path.count {
            while end < path.count, path[end] != UInt8(ascii: ".") { end += 1 }
            let name = ByteText.Bytes(rebasing: path[..<end])
            let rest = ByteText.Bytes(rebasing: path[min(end + 1, path.count)...])
            if root.isArray {
                guard let element = element(name, of: root) else { return nil }
                return find(rest, in: element)
            }
            if let value = member(name, of: root), let found = find(rest, in: value) { return found }
            end += 1
        }
        return nil
    }

    private static func member(_ name: ByteText.Bytes, of view: JSONView) -> JSONView? {
        for (key, value) in view.members {
            if let bytes = key.utf8, ByteText.equal(bytes, name) { return value }
        }
        return nil
    }

    private static func element(_ name: ByteText.Bytes, of view: JSONView) -> JSONView? {
        guard !name.isEmpty, name.count <= 6 else { return nil }
        var position = 0
        for byte in name {
            guard byte &- UInt8(ascii: "0") < 10 else { return nil }
            position = position * 10 + Int(byte - UInt8(ascii: "0"))
        }
        for element in view.elements {
            if position == 0 { return element }
            position -= 1
        }
        return nil
    }
}

extension JSONView {
    /// Lends `body` the text that a scalar is compared as; answers nil for null, arrays and objects.
    func withScalarText<Result>(_ body: (ByteText.Bytes) -> Result) -> Result? {
        switch kind {
        case .string:
            guard let utf8 else { return nil }
            return body(utf8)
        case .bool: return (bool == true ? "true" : "false").withBytes(body)
        case .int, .double:
            // Whole numbers of up to 15 digits are small strings: no allocation.
            if let whole = int ?? double.flatMap({ Int(exactly: $0) }) { return String(whole).withBytes(body) }
            return double.map { String($0).withBytes(body) }
        case .null, .array, .object: return nil
        }
    }
}
