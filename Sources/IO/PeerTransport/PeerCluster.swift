package import Membership
import Synchronization

/// Which cluster this node belongs to: unknown until one is founded or joined, and then the same for ever. Any thread may ask.
package final class PeerCluster: Sendable {
    private let high: Atomic<UInt64>
    private let low: Atomic<UInt64>
    private let isKnown: Atomic<Bool>

    package init(_ id: ClusterID? = nil) {
        high = Atomic(id?.high ?? 0)
        low = Atomic(id?.low ?? 0)
        isKnown = Atomic(id != nil)
    }

    /// nil before a cluster is founded.
    package var id: ClusterID? {
        guard isKnown.load(ordering: .acquiring) else { return nil }
        return ClusterID(high: high.load(ordering: .relaxed), low: low.load(ordering: .relaxed))
    }

    /// The node now belongs to `id`. To be called once, or again with the same id.
    package func joined(_ id: ClusterID) {
        if let known = self.id {
            precondition(known == id, "A node of cluster \(known.text) was told that it belongs to \(id.text)")
            return
        }
        high.store(id.high, ordering: .relaxed)
        low.store(id.low, ordering: .relaxed)
        isKnown.store(true, ordering: .releasing)
    }
}

extension ClusterID {
    /// 32 hexadecimal digits in lower case, high word first.
    package var text: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    /// nil unless `bytes` are 32 hexadecimal digits in lower case.
    init?(digits bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32, let high = Self.word(bytes[..<16]), let low = Self.word(bytes[16...]) else { return nil }
        self.init(high: high, low: low)
    }

    private static func word(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        var word: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): word = word << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): word = word << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return word
    }
}
