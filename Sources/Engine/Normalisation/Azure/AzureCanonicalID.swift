enum AzureCanonicalID {
    static func canonical(_ text: String) -> String { text.lowercased() }
}
