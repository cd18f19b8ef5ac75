import Consensus

extension ConsensusFrame {
    /// The messages of all frames in `bytes`, which follow one another without a gap.
    static func messages(in bytes: [UInt8]) throws(CodecFault) -> [Message] {
        var messages: [Message] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let (frame, consumed) = try decode(rest) else { throw .malformed("the last frame is cut off") }
            rest = rest.dropFirst(consumed)
            switch frame {
            case .message(let message): messages.append(message)
            case .heartbeats(let batch): messages += batch.messages
            }
        }
        return messages
    }
}
