internal import JSON
package import Model

/// The effective tags of the resource in hand, asked by the form of a key (`TagKeyForm`): within a resource two keys of
/// one form are one tag.
///
/// An array that keeps its capacity from one resource to the next. A resource has few tags, so a scan over hashes beats a
/// dictionary, which would also have to be built.
package struct EffectiveTags {
    @usableFromInline
    struct Slot {
        /// `TagKeyForm.hash` of the key.
        @usableFromInline let formHash: UInt64
        @usableFromInline let key: String
        /// Nil: the key is known, and has no effective value.
        @usableFromInline var value: String?

        @usableFromInline
        init(formHash: UInt64, key: String, value: String?) {
            self.formHash = formHash
            self.key = key
            self.value = value
        }
    }

    @usableFromInline var slots: ContiguousArray<Slot> = []

    package var count: Int { slots.count }

    package mutating func removeAll() { slots.removeAll(keepingCapacity: true) }

    /// Adds a key whose form is not there yet. A nil value: the key is known, and has no effective value.
    @inlinable
    package mutating func append(_ key: String, formHash: UInt64, value: String?) {
        slots.append(Slot(formHash: formHash, key: key, value: value))
    }

    @inlinable
    package mutating func set(_ value: String?, at position: Int) { slots[position].value = value }

    @inlinable
    package func key(at position: Int) -> String { slots[position].key }

    /// Nil where the key has no effective value.
    @inlinable
    package func value(at position: Int) -> String? { slots[position].value }

    /// The position of the key with the form that `key` has, or -1. `formHash` is the hash of that form.
    package func position(of key: ByteText.Bytes, formHash: UInt64) -> Int {
        slots.withUnsafeBufferPointer { slots in
            for position in 0..<slots.count where slots[position].formHash == formHash {
                if slots[position].key.withBytes({ TagKeyForm.same($0, key) }) { return position }
            }
            return -1
        }
    }

    @inlinable
    package func position(of key: String, formHash: UInt64) -> Int {
        key.withBytes { position(of: $0, formHash: formHash) }
    }
}

/// What conditions ask beside the resource's own fields: its effective tags, and what is worked out of it on demand
/// (hashes of its native keys, its parsed metadata). One per event loop, used for one resource after the other.
package struct Facts {
    package var tags = EffectiveTags()
    private var nativeKeys: ContiguousArray<(hash: UInt64, formHash: UInt64)> = []
    private var nativesKnown = false
    private var metadata: JSONView?
    private var metadataKnown = false
    private let parser: JSONParser
    private var memo = PatternMemo()

    package init() { parser = JSONParser(bytesMax: 16 << 20) }

    /// Forgets the last resource. The next one must be the same in all calls until this is called again.
    package mutating func startResource() {
        tags.removeAll()
        nativesKnown = false
        metadata = nil
        metadataKnown = false
    }

    package mutating func startResource(tags effective: [VirtualTag]) {
        startResource()
        for tag in effective { tags.append(tag.key, formHash: TagKeyForm.hash(of: tag.key), value: tag.winner.value) }
    }

    /// Whether the pattern occurs in a text of a kind that repeats from one resource to the next.
    package mutating func occurs(_ pattern: Pattern, inRepeated text: String) -> Bool {
        text.withBytes { memo.occurs(pattern, in: $0) }
    }

    mutating func occurs(_ pattern: Pattern, inRepeated text: ByteText.Bytes) -> Bool { memo.occurs(pattern, in: text) }

    /// The position of the native tag with that very key, else of the first one with that form, else -1.
    mutating func nativeTag(of resource: Resource, key: ByteText.Bytes, hash: UInt64, formHash: UInt64) -> Int {
        if !nativesKnown { hashNativeKeys(of: resource) }
        for position in 0..<nativeKeys.count where nativeKeys[position].hash == hash {
            if resource.nativeTags.tags[position].key.withBytes({ ByteText.equal($0, key) }) { return position }
        }
        for position in 0..<nativeKeys.count where nativeKeys[position].formHash == formHash {
            if resource.nativeTags.tags[position].key.withBytes({ TagKeyForm.same($0, key) }) { return position }
        }
        return -1
    }

    private mutating func hashNativeKeys(of resource: Resource) {
        startNativeKeys()
        for tag in resource.nativeTags.tags {
            addNativeKey(hash: ByteText.hash(tag.key), formHash: TagKeyForm.hash(of: tag.key))
        }
    }

    /// For those who know the hashes of all native keys already: they are added in the order of the resource's native tags.
    package mutating func startNativeKeys() {
        nativeKeys.removeAll(keepingCapacity: true)
        nativesKnown = true
    }

    /// `hash`: `ByteText.hash` of the key; `formHash`: `TagKeyForm.hash` of it.
    package mutating func addNativeKey(hash: UInt64, formHash: UInt64) {
        nativeKeys.append((hash, formHash))
    }

    /// The root of the resource's metadata, parsed when it is first asked for.
    ///
    /// The view outlives the parser's closure on purpose: its memory belongs to the parser, which this value alone uses,
    /// and the view is forgotten before the parser reads its next document.
    mutating func metadata(of resource: Resource) -> JSONView? {
        if metadataKnown { return metadata }
        metadataKnown = true
        metadata = try? parser.withDocument(resource.metadata.bytes) { $0 }
        return metadata
    }

    /// The same of a stored row.
    mutating func metadata(ofStored bytes: ByteText.Bytes) -> JSONView? {
        if metadataKnown { return metadata }
        metadataKnown = true
        metadata = try? parser.withDocument(UnsafeRawBufferPointer(bytes)) { $0 }
        return metadata
    }
}

/// What evaluation needs beside its arguments: memory that is used again and again.
///
/// Not Sendable on purpose: one per event loop.
package final class EvaluationContext {
    package var facts = Facts()

    package init() {}
}
