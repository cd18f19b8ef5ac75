enum AWSCanonicalID {
    static func canonical(_ text: String) -> String { text }
}
