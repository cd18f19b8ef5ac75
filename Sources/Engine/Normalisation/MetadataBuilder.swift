import JSON
import Model

/// Gathers the attributes worth querying into one compact JSON object, bounded in bytes and depth.
///
/// Kept are scalars, arrays of scalars and objects of these; null, empty and oversized parts are left out, so is what lies
/// deeper than `depthMax`. When the whole is still too large, the largest members go first (of equals the later one).
struct MetadataBuilder {
    /// Longest metadata in bytes.
    static let metadataBytesMax = 4 << 10
    /// Deepest nesting, the metadata object itself included.
    static let depthMax = 3
    /// Longest string kept, in bytes: longer ones are policies, scripts and certificates.
    static let stringBytesMax = 1 << 10
    /// Most bytes gathered before the largest members are dropped; later members are ignored.
    static let gatheredBytesMax = 16 << 10

    private var writer = JSONWriter(reserving: 512)
    /// Where each member begins and ends (a comma before it excluded).
    private var parts: [Range<Int>] = []

    private let start: JSONWriter.Mark

    init() {
        start = writer.mark
        writer.beginObject()
    }

    /// Begins anew, with the memory of before.
    mutating func reset() {
        writer.rewind(to: start)
        writer.beginObject()
        parts.removeAll(keepingCapacity: true)
        firstLetter = .asGiven
    }

    /// How the first letters of names are written, at any depth.
    enum FirstLetter { case asGiven, upper, lower }
    var firstLetter = FirstLetter.asGiven

    /// Adds the members of an object but for those in `omitted`, by exact name.
    mutating func add(membersOf view: JSONView, omitting omitted: [StaticString] = []) {
        add(membersOf: view) { name in omitted.contains { name.equals($0) } }
    }

    /// Adds the members of an object but for those whose name `isOmitted`.
    mutating func add(membersOf view: JSONView, where isOmitted: (JSONView) -> Bool) {
        for (name, value) in view.members where !isOmitted(name) {
            guard let name = name.utf8 else { continue }
            add(name, value)
        }
    }

    mutating func add(_ name: StaticString, _ value: JSONView) {
        add(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), value)
    }

    mutating func add(_ name: UnsafeBufferPointer<UInt8>, _ value: JSONView) {
        guard let start = startOfMember else { return }
        let mark = writer.mark
        writeKey(name)
        if write(value, depth: 2) { parts.append(start..<writer.bytes.count) } else { writer.rewind(to: mark) }
    }

    mutating func add(_ name: StaticString, _ text: String) {
        guard let start = startOfMember, !text.isEmpty, text.utf8.count <= Self.stringBytesMax else { return }
        writer.key(name)
        writer.string(text)
        parts.append(start..<writer.bytes.count)
    }

    /// The object; call it last.
    mutating func finish() -> JSONText {
        if writer.bytes.count + 1 > Self.metadataBytesMax { dropLargest() }
        writer.endObject()
        // A copy of just its size: the writer's own array has room to spare.
        let written = writer.bytes
        return JSONText(
            trusted: Array(unsafeUninitializedCapacity: written.count) { copy, count in
                count = written.withUnsafeBufferPointer { copy.update(fromContentsOf: $0) }
            })
    }

    /// Where the next member will begin; nil when enough is gathered.
    private var startOfMember: Int? {
        let end = writer.bytes.count
        guard end < Self.gatheredBytesMax else { return nil }
        return parts.isEmpty ? end : end + 1
    }

    private mutating func writeKey(_ name: UnsafeBufferPointer<UInt8>) {
        guard let first = name.first, firstLetter != .asGiven else { return writer.key(utf8: name) }
        let isLetter = first | 0x20 >= UInt8(ascii: "a") && first | 0x20 <= UInt8(ascii: "z")
        var respelled = Array(name)
        if isLetter { respelled[0] = firstLetter == .upper ? first & ~0x20 : first | 0x20 }
        respelled.withUnsafeBufferPointer { writer.key(utf8: $0) }
    }

    /// False, with half of it written, when nothing of the value is worth keeping.
    private mutating func write(_ value: JSONView, depth: Int) -> Bool {
        switch value.kind {
        case .null: return false
        case .bool, .int, .double:
            writer.view(value)
            return true
        case .string:
            guard let utf8 = value.utf8, !utf8.isEmpty, utf8.count <= Self.stringBytesMax else { return false }
            writer.string(utf8: utf8)
            return true
        case .array: return depth <= Self.depthMax && writeScalars(value)
        case .object: return depth <= Self.depthMax && writeMembers(value, depth: depth)
        }
    }

    private mutating func writeScalars(_ array: JSONView) -> Bool {
        var any = false
        writer.beginArray()
        for element in array.elements where !element.isArray && !element.isObject {
            guard writer.bytes.count < Self.gatheredBytesMax else { return false }
            if write(element, depth: 0) { any = true }
        }
        writer.endArray()
        return any
    }

    private mutating func writeMembers(_ object: JSONView, depth: Int) -> Bool {
        var any = false
        writer.beginObject()
        for (name, value) in object.members {
            guard writer.bytes.count < Self.gatheredBytesMax, let name = name.utf8 else { return false }
            let mark = writer.mark
            writeKey(name)
            if write(value, depth: depth + 1) { any = true } else { writer.rewind(to: mark) }
        }
        writer.endObject()
        return any
    }

    private mutating func dropLargest() {
        var kept = [Bool](repeating: true, count: parts.count)
        var size = writer.bytes.count + 1
        let bySize = parts.indices.sorted {
            parts[$0].count == parts[$1].count ? $0 > $1 : parts[$0].count > parts[$1].count
        }
        for part in bySize where size > Self.metadataBytesMax {
            kept[part] = false
            size -= parts[part].count + 1
        }
        let gathered = writer.bytes
        writer.rewind(to: start)
        writer.beginObject()
        for (part, range) in parts.enumerated() where kept[part] { writer.raw(gathered[range]) }
    }
}
