/// A key and its value, as the provider or a person wrote them.
package struct Tag: Hashable, Comparable, Sendable {
    package let key: String
    package let value: String

    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.key == right.key ? left.value < right.value : left.key < right.key
    }
}

/// Tags sorted by key (UTF-8 order), each key once: the last one given wins.
package struct TagList: Hashable, Sendable {
    package private(set) var tags: [Tag]

    package init() { tags = [] }

    /// For decoding: sorted already, each key once.
    init(sorted tags: [Tag]) { self.tags = tags }

    package init(_ unsorted: [Tag]) {
        tags = unsorted
        guard tags.count > 1, zip(tags, tags.dropFirst()).contains(where: { $0.key >= $1.key }) else { return }
        let ordered = unsorted.enumerated().sorted {
            $0.element.key == $1.element.key ? $0.offset < $1.offset : $0.element.key < $1.element.key
        }
        tags.removeAll(keepingCapacity: true)
        for (_, tag) in ordered {
            if tags.last?.key == tag.key { tags.removeLast() }
            tags.append(tag)
        }
    }

    package subscript(key: String) -> String? { tags.first { $0.key == key }?.value }

    package mutating func set(_ key: String, _ value: String) {
        self = TagList(tags + [Tag(key, value)])
    }

    package mutating func remove(_ key: String) { tags.removeAll { $0.key == key } }

    package var isEmpty: Bool { tags.isEmpty }
    package var count: Int { tags.count }
}
