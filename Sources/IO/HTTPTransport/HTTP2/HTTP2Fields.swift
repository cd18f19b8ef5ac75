import CNGHTTP2

/// Response fields in the form that nghttp2 takes: pointers, with static strings marked as not to be copied.
enum HTTP2Fields {
    private static let copyNothing = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    private static let copyValue = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue)

    /// Calls `body` with the fields of a response. They are valid during the call; nghttp2 copies what is not static.
    static func withFields(
        of parts: HTTPResponseParts, contentLength: Int?, _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Void
    ) {
        // Status, content type, entity tag and length, then the others.
        withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: 4 + parts.headers.count) { fields in
            var count = 0
            func add(_ field: nghttp2_nv) {
                fields.initializeElement(at: count, to: field)
                count += 1
            }
            add(status(parts.status))
            if let type = parts.contentType {
                add(field("content-type", value: type.utf8Start, type.utf8CodeUnitCount, flags: copyNothing))
            }
            parts.headers.forEachRaw { name, value in
                guard !HTTPResponseParts.isTransportField(name) else { return }
                add(
                    nghttp2_nv(
                        name: mutable(name), value: mutable(value), namelen: name.count, valuelen: value.count, flags: 0))
            }
            withDecimal(contentLength ?? 0) { digits in
                if contentLength != nil {
                    add(field("content-length", value: digits.baseAddress, digits.count, flags: copyValue))
                }
                withText(parts.entityTag) { tag in
                    if let tag { add(field("etag", value: tag.baseAddress, tag.count, flags: copyValue)) }
                    body(UnsafeBufferPointer(rebasing: fields[..<count]))
                }
            }
        }
    }

    /// The pseudo-field of a status.
    static func status(_ status: Int) -> nghttp2_nv {
        let digits = HTTPStatus.digits(status)
        return field(":status", value: digits, HTTPStatus.digitCount, flags: copyNothing)
    }

    private static func field(
        _ name: StaticString, value: UnsafePointer<UInt8>?, _ count: Int, flags: UInt8
    ) -> nghttp2_nv {
        nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.utf8Start), value: UnsafeMutablePointer(mutating: value),
            namelen: name.utf8CodeUnitCount, valuelen: count, flags: flags)
    }

    private static func mutable(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }

    private static func withText(_ text: String?, _ body: (UnsafeBufferPointer<UInt8>?) -> Void) {
        guard var text else { return body(nil) }
        text.withUTF8 { body($0) }
    }
}

/// Calls `body` with the decimal digits of a number that is not negative.
func withDecimal<Result>(_ number: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let digitsMax = 20
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: digitsMax) { digits in
        var (rest, start) = (number, digitsMax)
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        return body(UnsafeBufferPointer(rebasing: digits[start...]))
    }
}
