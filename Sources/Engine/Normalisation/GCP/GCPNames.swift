enum GCPNames {
    static func type(ofFullName name: String) -> String? { nil }
}
