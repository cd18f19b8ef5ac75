extension RecordCodec {
    /// The tags of a stored row with their winning values, by key, without making the rest of it.
    package static func tags(of bytes: [UInt8]) throws(CodecError) -> [Tag] {
        let result: Result<[Tag], CodecError> = bytes.withUnsafeBytes { raw in
            do throws(CodecError) {
                var reader = ByteReader(raw)
                _ = try reader.rowHead()
                var tags: [Tag] = []
                for _ in 0..<(try reader.count()) {
                    var ahead = reader
                    let key = try ahead.string()
                    _ = try ahead.count()
                    _ = try ahead.byte()
                    tags.append(Tag(key, try ahead.string()))
                    try reader.skipTag()
                }
                return .success(tags)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
