/// Values that never change, in memory of their own: reading one copies nothing and counts no reference but its own.
///
/// What is compiled once and read for every resource lies in these; an `Array` would be retained and released by nearly
/// every read. Positions are not checked in release builds: they come from the compiler of conditions and rules, never
/// from outside.
package final class Fixed<Element: Sendable>: @unchecked Sendable {
    // Written in init alone, hence the unchecked conformance.
    package let base: UnsafePointer<Element>
    package let count: Int

    package init(_ elements: [Element]) {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
        elements.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { memory.initialize(from: start, count: source.count) }
        }
        base = UnsafePointer(memory)
        count = elements.count
    }

    deinit {
        let memory = UnsafeMutablePointer(mutating: base)
        memory.deinitialize(count: count)
        memory.deallocate()
    }

    @inlinable
    package subscript(_ position: Int) -> Element {
        unsafeAddress {
            assert(position >= 0 && position < count, "position \(position) of \(count)")
            return base + position
        }
    }
}

extension Fixed<UInt8> {
    @inlinable
    package func part(_ start: Int32, _ count: Int32) -> ByteText.Bytes {
        assert(start >= 0 && count >= 0 && Int(start) + Int(count) <= self.count, "\(start)+\(count) of \(self.count)")
        return ByteText.Bytes(start: base + Int(start), count: Int(count))
    }
}
