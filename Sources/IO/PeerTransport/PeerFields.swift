import Membership

/// The header fields that every request between nodes carries, and the one by which a refusal is told.
enum PeerFields {
    /// The sender's cluster, 32 hexadecimal digits; absent while it belongs to none.
    static let cluster: StaticString = "vtag-cluster"
    /// The versions of the protocol that the sender speaks, `oldest-newest`.
    static let protocols: StaticString = "vtag-protocol"
    /// How long the sender waits for the answer, in milliseconds.
    static let timeout: StaticString = "vtag-timeout-ms"
    /// In an answer: the transport refused the request, for this reason (``PeerRefusal``), and nobody saw it.
    static let refused: StaticString = "vtag-refused"
}

extension ProtocolRange {
    var text: String { "\(oldest)-\(newest)" }

    /// nil unless `bytes` are two numbers up to 255 with a hyphen in between, in ascending order.
    init?(text bytes: UnsafeRawBufferPointer) {
        guard let hyphen = bytes.firstIndex(of: UInt8(ascii: "-")),
            let oldest = Self.number(bytes[..<hyphen]), let newest = Self.number(bytes[(hyphen + 1)...]), oldest <= newest
        else { return nil }
        self.init(oldest: oldest, newest: newest)
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt8? {
        decimal(digits, max: Int(UInt8.max)).map { UInt8($0) }
    }
}

/// The number that decimal digits write; nil when they are none, or it is larger than `max`.
func decimal(_ digits: Slice<UnsafeRawBufferPointer>, max: Int) -> Int? {
    guard !digits.isEmpty else { return nil }
    var number = 0
    for digit in digits {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
        number = number * 10 + Int(digit - UInt8(ascii: "0"))
        guard number <= max else { return nil }
    }
    return number
}
