enum GCPCanonicalID {
    static func canonical(_ text: String) -> String { text }
}
