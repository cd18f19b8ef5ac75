/// Texts that are kept together and forgotten together: keeping one is a copy behind the last, forgetting all costs nothing.
///
/// Not Sendable on purpose: one per event loop.
package final class TextArena {
    /// Bytes of a block, unless one text needs more.
    private static let blockBytes = 64 << 10

    private var blocks: [UnsafeMutableBufferPointer<UInt8>] = []
    /// Where the next text goes in the last block.
    private var next: UnsafeMutablePointer<UInt8>?
    private var room = 0

    package init() {}

    deinit { for block in blocks { block.deallocate() } }

    /// Forgets all texts: what was lent of them is gone.
    package func removeAll() {
        while blocks.count > 1 { blocks.removeLast().deallocate() }
        next = blocks.first?.baseAddress
        room = blocks.first?.count ?? 0
    }

    package func copy(_ text: ByteText.Bytes) -> ByteText.Bytes {
        if text.count > room { addBlock(for: text.count) }
        guard let place = next, let source = text.baseAddress else { return ByteText.Bytes(start: next, count: 0) }
        place.update(from: source, count: text.count)
        next = place + text.count
        room -= text.count
        return ByteText.Bytes(start: place, count: text.count)
    }

    package func copy(_ text: String) -> ByteText.Bytes { text.withBytes { copy($0) } }

    private func addBlock(for bytes: Int) {
        let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes, Self.blockBytes))
        blocks.append(block)
        next = block.baseAddress
        room = block.count
    }
}

/// Texts that never change, as bytes that live as long as it does.
package final class FixedTexts: Sendable {
    private let bytes: Fixed<UInt8>
    private let ends: Fixed<Int>

    package init(_ texts: [String]) {
        var bytes: [UInt8] = []
        var ends: [Int] = [0]
        for text in texts {
            bytes.append(contentsOf: text.utf8)
            ends.append(bytes.count)
        }
        self.bytes = Fixed(bytes)
        self.ends = Fixed(ends)
    }

    package var count: Int { ends.count - 1 }

    package subscript(_ position: Int) -> ByteText.Bytes {
        ByteText.Bytes(start: bytes.base + ends[position], count: ends[position + 1] - ends[position])
    }
}

extension String {
    package init(_ bytes: ByteText.Bytes) { self.init(decoding: bytes, as: UTF8.self) }
}
