import CNGHTTP2

/// The header section that all calls to one path have in common, in the form that nghttp2 takes, made once.
///
/// Immutable but for the two fields that differ from call to call, which are written in place; for one event loop. nghttp2 keeps
/// pointers to the fixed fields until the section is sent: every call holds its head.
package final class HTTP2CallHead {
    private static let fixed = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    /// Copied, and not put into the table of HPACK, from which it would drive what is of use again.
    private static let varying = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_INDEX.rawValue)
    private static let decimalDigitsMax = 20

    package let path: String
    private let text: UnsafeMutableBufferPointer<UInt8>
    private let fields: UnsafeMutableBufferPointer<nghttp2_nv>
    private let digits: UnsafeMutableBufferPointer<UInt8>

    /// - Parameters:
    ///   - path: what follows the authority, percent-encoded.
    ///   - timeoutField: the name, in lower case, of a field that says how long the caller waits, in milliseconds.
    package init(origin: HTTPOrigin, path: String, fields named: HTTPFields, timeoutField: StaticString) {
        self.path = path
        var pairs: [(name: String, value: String)] = [
            (":method", "POST"), (":scheme", origin.scheme.rawValue), (":authority", origin.authority), (":path", path),
        ]
        pairs += named.map { ($0.name, $0.value) }
        text = .allocate(capacity: pairs.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count })
        fields = .allocate(capacity: pairs.count + 2)
        digits = .allocate(capacity: 2 * Self.decimalDigitsMax)
        digits.initialize(repeating: 0)
        _ = text.initialize(from: pairs.flatMap { pair in Array(pair.name.utf8) + Array(pair.value.utf8) })
        var place = 0
        func part(_ string: String) -> (UnsafeMutablePointer<UInt8>?, Int) {
            defer { place += string.utf8.count }
            return (text.baseAddress.map { $0 + place }, string.utf8.count)
        }
        for (index, pair) in pairs.enumerated() {
            let (name, value) = (part(pair.name), part(pair.value))
            fields.initializeElement(
                at: index,
                to: nghttp2_nv(name: name.0, value: value.0, namelen: name.1, valuelen: value.1, flags: Self.fixed))
        }
        let names: [StaticString] = [timeoutField, "content-length"]
        for (index, name) in names.enumerated() {
            fields.initializeElement(
                at: pairs.count + index,
                to: nghttp2_nv(
                    name: UnsafeMutablePointer(mutating: name.utf8Start),
                    value: digits.baseAddress.map { $0 + index * Self.decimalDigitsMax }, namelen: name.utf8CodeUnitCount,
                    valuelen: 0, flags: Self.varying))
        }
    }

    deinit {
        text.deallocate()
        fields.deallocate()
        digits.deallocate()
    }

    /// Calls `submit` with the section of a call with a body of so many bytes.
    func withFields<Result>(
        contentLength: Int, timeoutMilliseconds: Int64, _ submit: (UnsafeBufferPointer<nghttp2_nv>) -> Result
    ) -> Result {
        write(Int(clamping: timeoutMilliseconds), to: 0)
        write(contentLength, to: 1)
        return submit(UnsafeBufferPointer(fields))
    }

    private func write(_ number: Int, to index: Int) {
        let start = index * Self.decimalDigitsMax
        let field = fields.count - 2 + index
        fields[field].valuelen = withDecimal(number) { decimal in
            for (offset, digit) in decimal.enumerated() { digits[start + offset] = digit }
            return decimal.count
        }
    }
}
