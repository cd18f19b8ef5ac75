/// Why bytes are not a frame.
package enum FrameDamage: Error, Equatable, Sendable {
    /// The length field is below a frame's least or above its most.
    case length(UInt32)
    /// A version of the encoding that this code does not read.
    case encodingVersion(UInt8)
    case unknownMessage(UInt8)
    /// A field ends behind the frame's end.
    case truncated
    /// Bytes behind the last field.
    case trailingBytes(Int)
    /// A value that the field does not admit.
    case outOfRange(Field)

    package enum Field: String, Sendable {
        case sender, destination, generation, incarnation, status, accuser, age, flags, name, host, place, role
        case startedAt, protocols, metadata, claims, sequence, milliseconds, hashes, bits, buckets
    }
}
