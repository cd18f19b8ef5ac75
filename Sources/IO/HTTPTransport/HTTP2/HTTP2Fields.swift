import CNGHTTP2

/// Puts a response's fields into the form that nghttp2 takes: pointers, with static strings marked as not to be copied.
///
/// Owns the memory they point into, which is used again for every response of an event loop.
final class HTTP2Fields {
    private static let copyNothing = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    private static let copyValue = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue)
    private static let copyAll = UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
    /// Status, date, content type, entity tag and length.
    private static let frequentFields = 5
    private static let decimalDigitsMax = 20

    private var fields: UnsafeMutablePointer<nghttp2_nv>
    private var fieldsCapacity = 32
    private var count = 0
    private var bytes: UnsafeMutablePointer<UInt8>
    private var bytesCapacity = 1_024
    private var bytesCount = 0

    init() {
        fields = .allocate(capacity: fieldsCapacity)
        bytes = .allocate(capacity: bytesCapacity)
    }

    deinit {
        fields.deallocate()
        bytes.deallocate()
    }

    /// The fields of a response, valid until the next call; nghttp2 copies what is not static.
    func make(
        _ parts: borrowing HTTPResponseParts, contentLength: Int?, date: HTTPDate
    ) -> UnsafeBufferPointer<nghttp2_nv> {
        let tagBytes = parts.entityTag?.utf8.count ?? 0
        reserve(
            fields: Self.frequentFields + parts.headers.count,
            bytes: parts.headers.bytes.count + tagBytes + Self.decimalDigitsMax)
        add(Self.status(parts.status))
        if let date = date.bytes.baseAddress {
            add(Self.field("date", value: date, HTTPDate.byteCount, flags: Self.copyValue))
        }
        if let type = parts.contentType {
            add(Self.field("content-type", value: type.utf8Start, type.utf8CodeUnitCount, flags: Self.copyNothing))
        }
        if let contentLength { addLength(contentLength) }
        if let tag = parts.entityTag {
            let start = bytes + bytesCount
            for byte in tag.utf8 { append(byte) }
            add(Self.field("etag", value: start, tagBytes, flags: Self.copyValue))
        }
        if !parts.headers.isEmpty { addOthers(parts.headers) }
        return UnsafeBufferPointer(start: fields, count: count)
    }

    /// The pseudo-field of a status.
    static func status(_ status: Int) -> nghttp2_nv {
        field(":status", value: HTTPStatus.digits(status), HTTPStatus.digitCount, flags: copyNothing)
    }

    // MARK: Private helpers

    private func addLength(_ length: Int) {
        let start = bytes + bytesCount
        let count = withDecimal(length) { digits in
            for digit in digits { append(digit) }
            return digits.count
        }
        add(Self.field("content-length", value: start, count, flags: Self.copyValue))
    }

    /// Copies all storage of the fields, and points to the places of those that are not the transport's.
    private func addOthers(_ headers: HTTPFields) {
        let copy = UnsafeMutableRawPointer(bytes + bytesCount)
        headers.bytes.withUnsafeBytes { stored in
            guard let start = stored.baseAddress else { return }
            copy.copyMemory(from: start, byteCount: stored.count)
        }
        bytesCount += headers.bytes.count
        for entry in headers.entries {
            let name = UnsafeRawBufferPointer(start: copy + Int(entry.nameStart), count: Int(entry.nameCount))
            guard !HTTPResponseParts.isTransportField(name) else { continue }
            add(
                nghttp2_nv(
                    name: (copy + Int(entry.nameStart)).assumingMemoryBound(to: UInt8.self),
                    value: (copy + Int(entry.valueStart)).assumingMemoryBound(to: UInt8.self), namelen: Int(entry.nameCount),
                    valuelen: Int(entry.valueCount), flags: Self.copyAll))
        }
    }

    private static func field(_ name: StaticString, value: UnsafePointer<UInt8>, _ count: Int, flags: UInt8) -> nghttp2_nv {
        nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.utf8Start), value: UnsafeMutablePointer(mutating: value),
            namelen: name.utf8CodeUnitCount, valuelen: count, flags: flags)
    }

    private func add(_ field: nghttp2_nv) {
        (fields + count).initialize(to: field)
        count += 1
    }

    private func append(_ byte: UInt8) {
        (bytes + bytesCount).initialize(to: byte)
        bytesCount += 1
    }

    /// Begins anew, with room for so much.
    private func reserve(fields fieldsNeeded: Int, bytes bytesNeeded: Int) {
        count = 0
        bytesCount = 0
        if fieldsNeeded > fieldsCapacity {
            fields.deallocate()
            fieldsCapacity = fieldsNeeded
            fields = .allocate(capacity: fieldsCapacity)
        }
        if bytesNeeded > bytesCapacity {
            bytes.deallocate()
            bytesCapacity = bytesNeeded
            bytes = .allocate(capacity: bytesCapacity)
        }
    }
}
