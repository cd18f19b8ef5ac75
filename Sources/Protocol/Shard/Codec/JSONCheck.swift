import JSON
import Model

/// Holds what another node calls JSON to the same rules as what a client calls so, before anything trusts it.
///
/// Confined to one event loop: it keeps a parser and scratch space.
package final class JSONCheck {
    private let parser = JSONParser()
    private var writer = JSONWriter(reserving: 4 << 10)
    private let start: JSONWriter.Mark

    package init() { start = writer.mark }

    /// Throws `CodecError` unless the text is a valid JSON object (UTF-8 and depth included) in the compact form in which we
    /// write it.
    func check(_ text: JSONText) throws(CodecError) {
        if text == .emptyObject { return }
        let isOurs: Bool
        do {
            isOurs = try parser.withDocument(text.bytes) { document in
                writer.rewind(to: start)
                writer.view(document)
                return document.isObject && writer.bytes == text.bytes
            }
        } catch {
            throw CodecError("a text is no JSON: \(error)")
        }
        guard isOurs else { throw CodecError("a text is no compact JSON object") }
    }

    /// Throws `CodecError` unless `bytes` are a row in the form in which we write it, with metadata that `check` accepts.
    func check(row bytes: [UInt8], of id: ResourceID) throws(CodecError) {
        let record = try RecordCodec.decode(bytes, id: id)
        guard RecordCodec.encode(record) == bytes else { throw CodecError("the row of \(id) is not in the form of a row") }
        try check(record.resource.metadata)
    }
}
