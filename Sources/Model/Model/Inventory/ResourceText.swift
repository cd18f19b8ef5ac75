/// What a resource says of itself, as UTF-8 where it lies: no text is made. It lends what somebody else keeps.
package struct ResourceText {
    package typealias Bytes = UnsafeBufferPointer<UInt8>

    package struct NativeTag {
        package let key: Bytes
        package let value: Bytes

        package init(key: Bytes, value: Bytes) {
            self.key = key
            self.value = value
        }
    }

    package var provider = Provider.aws
    package var resourceID = Bytes(start: nil, count: 0)
    package var resourceType = Bytes(start: nil, count: 0)
    package var name = Bytes(start: nil, count: 0)
    package var accountID = Bytes(start: nil, count: 0)
    package var region = Bytes(start: nil, count: 0)
    /// Sorted by key.
    package var nativeTags: ContiguousArray<NativeTag> = []
    /// A JSON object.
    package var metadata = Bytes(start: nil, count: 0)

    package init() {}
}
