enum AzureNames {
    static func type(ofID id: String) -> String? { nil }
}
