internal import JSON
package import Model

/// The effective tags of the resource in hand, asked by the form of a key (`TagKeyForm`): within a resource two keys of
/// one form are one tag.
///
/// An array that keeps its capacity from one resource to the next. A resource has few tags, so a scan over hashes beats a
/// dictionary, which would also have to be built. Keys and values are lent: who adds them keeps them until the next resource.
package struct EffectiveTags {
    private struct Slot {
        /// `TagKeyForm.hash` of the key.
        let formHash: UInt64
        let key: ByteText.Bytes
        /// Nil: the key is known, and has no effective value.
        var value: ByteText.Bytes?
    }

    private var slots: ContiguousArray<Slot> = []

    package var count: Int { slots.count }

    package mutating func removeAll() { slots.removeAll(keepingCapacity: true) }

    /// Adds a key whose form is not there yet. A nil value: the key is known, and has no effective value.
    package mutating func append(_ key: ByteText.Bytes, formHash: UInt64, value: ByteText.Bytes?) {
        slots.append(Slot(formHash: formHash, key: key, value: value))
    }

    package mutating func set(_ value: ByteText.Bytes?, at position: Int) { slots[position].value = value }

    package func key(at position: Int) -> ByteText.Bytes { slots[position].key }

    /// Nil where the key has no effective value.
    package func value(at position: Int) -> ByteText.Bytes? { slots[position].value }

    /// The position of the key with the form that `key` has, or -1. `formHash` is the hash of that form.
    package func position(of key: ByteText.Bytes, formHash: UInt64) -> Int {
        slots.withUnsafeBufferPointer { slots in
            for position in 0..<slots.count where slots[position].formHash == formHash {
                if TagKeyForm.same(slots[position].key, key) { return position }
            }
            return -1
        }
    }

    package func position(of key: String, formHash: UInt64) -> Int {
        key.withBytes { position(of: $0, formHash: formHash) }
    }
}

/// What conditions ask: what the resource in hand says of itself, its effective tags, and what is worked out of it on demand
/// (its parsed metadata). One per event loop, used for one resource after the other.
///
/// All of it is lent as bytes. A stored row lends them itself; of a `Resource` they are copied into `texts`.
package struct Facts {
    package private(set) var row = StoredRow()
    package var tags = EffectiveTags()
    /// Texts that are kept until the next resource.
    package let texts = TextArena()
    /// The metadata of a resource that is no stored row.
    private var ownMetadata: JSONText?
    private var metadata: JSONView?
    private var metadataKnown = false
    private let parser: JSONParser
    private var memo = PatternMemo()

    package init() { parser = JSONParser(bytesMax: 16 << 20) }

    package var resource: ResourceText {
        _read { yield row.resource }
    }

    // MARK: The next resource

    /// Forgets the last resource and takes the next one, whose tags follow.
    package mutating func startResource(_ resource: Resource) {
        forget()
        ownMetadata = resource.metadata
        row.take(resource, keptIn: texts)
    }

    package mutating func startResource(_ resource: Resource, tags effective: [VirtualTag]) {
        startResource(resource)
        for tag in effective {
            tags.append(
                texts.copy(tag.key), formHash: TagKeyForm.hash(of: tag.key), value: texts.copy(tag.winner.value))
        }
    }

    /// Forgets the last resource and takes a stored row, which must stay where it is until the next one. Throws where it is
    /// none; then nothing may be asked.
    package mutating func startRow(_ bytes: UnsafeRawBufferPointer, withClaims: Bool) throws(CodecError) {
        forget()
        ownMetadata = nil
        try row.read(bytes, withClaims: withClaims)
    }

    private mutating func forget() {
        texts.removeAll()
        tags.removeAll()
        metadata = nil
        metadataKnown = false
    }

    // MARK: Questions

    /// Whether the pattern occurs in a text of a kind that repeats from one resource to the next.
    package mutating func occurs(_ pattern: Pattern, inRepeated text: ByteText.Bytes) -> Bool {
        memo.occurs(pattern, in: text)
    }

    /// The position of the provider's tag with that very key, else of the first one with its form, else -1.
    func nativeTag(_ key: ByteText.Bytes) -> Int {
        row.resource.nativeTags.withUnsafeBufferPointer { tags in
            for position in tags.indices where ByteText.equal(tags[position].key, key) { return position }
            for position in tags.indices where TagKeyForm.isSame(tags[position].key, key) { return position }
            return -1
        }
    }

    /// What was found along relationships by the query of that key; nil: nothing was. Its text is empty for a condition that holds.
    package mutating func relation(_ key: ByteText.Bytes) -> ByteText.Bytes? {
        row.readRelations()
        return row.relations.first { ByteText.equal($0.query, key) }?.value
    }

    /// The root of the resource's metadata, parsed when it is first asked for.
    ///
    /// The view outlives the parser's closure on purpose: its memory belongs to the parser, which this value alone uses,
    /// and the view is forgotten before the parser reads its next document.
    mutating func metadataRoot() -> JSONView? {
        if metadataKnown { return metadata }
        metadataKnown = true
        if let ownMetadata {
            metadata = try? parser.withDocument(ownMetadata.bytes) { $0 }
        } else {
            metadata = try? parser.withDocument(UnsafeRawBufferPointer(row.resource.metadata)) { $0 }
        }
        return metadata
    }
}

extension StoredRow {
    /// What of a resource is asked but its metadata.
    fileprivate mutating func take(_ source: Resource, keptIn texts: TextArena) {
        resource.provider = source.provider
        resource.resourceID = texts.copy(source.resourceID)
        resource.resourceType = texts.copy(source.resourceType)
        resource.name = texts.copy(source.name)
        resource.accountID = texts.copy(source.accountID)
        resource.region = texts.copy(source.region)
        resource.nativeTags.removeAll(keepingCapacity: true)
        for tag in source.nativeTags.tags {
            resource.nativeTags.append(ResourceText.NativeTag(key: texts.copy(tag.key), value: texts.copy(tag.value)))
        }
        take(
            source.relations.map { fact in
                Relation(query: fact.query.bytes.withUnsafeBufferPointer(texts.copy), value: texts.copy(fact.value))
            })
    }
}

/// What evaluation needs beside its arguments: memory that is used again and again.
///
/// Not Sendable on purpose: one per event loop.
package final class EvaluationContext {
    package var facts = Facts()

    package init() {}
}
