package import Model

extension TagDefinition.DataType {
    /// Whether the text reads as a value of this type.
    package func accepts(_ value: String) -> Bool {
        switch self {
        case .string, .enum: true
        case .number: value.withBytes { ByteText.number($0) } != nil
        case .boolean: value == "true" || value == "false"
        case .date: Timestamp(value) != nil
        }
    }
}
