/// An array whose copy is O(1) and stays cheap when either side is written to: elements lie in pages, pages in groups,
/// and a write copies
/// one page and one group's table, if somebody else still holds them.
///
/// Elements are best trivially copyable: copying a page of references has to count every one of them.
struct PagedArray<Element: Sendable>: Sendable {
    /// Elements of a page, and pages of a group: powers of two. Measured against other sizes at a million elements:
    /// small enough
    /// that scattered writes after a copy stay cheap, large enough that the tables are small beside the elements.
    private static var pageBits: Int { 6 }
    private static var groupBits: Int { 6 }
    private static var pageMask: Int { 1 << pageBits - 1 }
    private static var groupMask: Int { 1 << groupBits - 1 }

    private var groups: ContiguousArray<ContiguousArray<ContiguousArray<Element>>> = []
    private(set) var count = 0

    init() {}

    subscript(index: Int) -> Element {
        @inline(__always) get {
            groups[index >> (Self.pageBits + Self.groupBits)][index >> Self.pageBits & Self.groupMask][index & Self.pageMask]
        }
        @inline(__always) _modify {
            yield &groups[index >> (Self.pageBits + Self.groupBits)][index >> Self.pageBits & Self.groupMask][
                index & Self.pageMask]
        }
    }

    mutating func append(_ element: Element) {
        let group = count >> (Self.pageBits + Self.groupBits)
        let page = count >> Self.pageBits & Self.groupMask
        if group == groups.count { groups.append([]) }
        if page == groups[group].count {
            var fresh: ContiguousArray<Element> = []
            // The last page of a long array is the only one that may be partly empty; the first grows as it is needed.
            if count > 0 { fresh.reserveCapacity(1 << Self.pageBits) }
            groups[group].append(fresh)
        }
        groups[group][page].append(element)
        count += 1
    }
}
