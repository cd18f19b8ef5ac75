/// The secret under which every node of a cluster seals the cursors that it gives out, so that each takes those of the others.
/// Made once, and never shown.
package struct CursorKey: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 32

    package let bytes: [UInt8]

    /// Nil unless there are `byteCount` bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// A new one.
    package init(drawnFrom generator: inout some RandomNumberGenerator) {
        bytes = (0..<Self.byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    package var description: String { "a secret" }
}
