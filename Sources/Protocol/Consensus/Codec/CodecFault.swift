/// Bytes that no replica of this version would have sent. The connection they came by should be closed.
package enum CodecFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The frame says that it is longer than a frame may be. Nothing of it was read.
    case tooLong(bytes: UInt64, bytesMax: Int)
    case unknownVersion(UInt8)
    case unknownKind(UInt8)
    case malformed(StaticText)

    package var description: String {
        switch self {
        case .tooLong(let bytes, let bytesMax): "a frame of \(bytes) bytes, longer than \(bytesMax)"
        case .unknownVersion(let version): "a frame of version \(version)"
        case .unknownKind(let kind): "a frame or entry of kind \(kind)"
        case .malformed(let text): text.description
        }
    }

    /// A constant message.
    package struct StaticText: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        package let description: String
        package init(stringLiteral value: StaticString) { description = value.description }
    }
}
