/// What the providers take as a tag (Google: a label) of a resource.
///
/// - AWS (Tagging AWS Resources, "Tag naming limits and requirements"): keys of 1 to 128 and values of up to 256 Unicode
///   characters; letters, digits, spaces and `+ - = . _ : / @`; nothing that begins with `aws:`, in any case.
/// - Google (Resource Manager, "Requirements for labels"): keys of 1 to 63 and values of up to 63 characters, each at most 128
///   bytes; lower-case letters, digits, `_` and `-`, letters of other scripts among them; a key begins with a letter;
///   `goog` as a key's beginning is Google's.
/// - Azure (Resource Manager, "Tag limitations"): names of 1 to 512 and values of up to 256 characters; no `<>%&\?/` in a name;
///   names that begin with `microsoft`, `azure` or `windows` are reserved.
package enum ProviderTagLimits {
    package static func keyCharactersMax(of provider: Provider) -> Int {
        switch provider {
        case .aws: 128
        case .gcp: 63
        case .azure: 512
        }
    }

    package static func valueCharactersMax(of provider: Provider) -> Int {
        switch provider {
        case .aws, .azure: 256
        case .gcp: 63
        }
    }

    /// Longest key or value of a Google label, in UTF-8 bytes.
    private static let labelBytesMax = 128

    /// Why the provider would not take the key; nil when it would.
    package static func problem(key: String, of provider: Provider) -> String? {
        if key.isEmpty { return "\(provider.brand) takes no empty key" }
        let most = keyCharactersMax(of: provider)
        let count = key.unicodeScalars.count
        if count > most { return "the key has \(count) characters; \(provider.brand) takes \(most)" }
        let lower = key.lowercased()
        if let prefix = reserved(by: provider).first(where: { lower.hasPrefix($0) }) {
            return "\(provider.brand) keeps keys that begin with `\(prefix)` for itself"
        }
        switch provider {
        case .aws: return wrongCharacter("key", key, provider) { isAWS($0) }
        case .gcp:
            if key.unicodeScalars.first.map({ !$0.properties.isAlphabetic || $0.properties.isUppercase }) ?? false {
                return "a label's key begins with a lower-case letter at \(provider.brand)"
            }
            if key.utf8.count > labelBytesMax {
                return "the key has \(key.utf8.count) bytes; \(provider.brand) takes \(labelBytesMax)"
            }
            return wrongCharacter("key", key, provider) { isLabel($0) }
        case .azure: return wrongCharacter("key", key, provider) { !"<>%&\\?/".unicodeScalars.contains($0) }
        }
    }

    /// Why the provider would not take the value; nil when it would.
    package static func problem(value: String, of provider: Provider) -> String? {
        let most = valueCharactersMax(of: provider)
        // No character takes less than a byte: most values need no counting.
        let count = value.utf8.count <= most ? 0 : value.unicodeScalars.count
        if count > most { return "the value has \(count) characters; \(provider.brand) takes \(most)" }
        switch provider {
        case .aws: return wrongCharacter("value", value, provider) { isAWS($0) }
        case .gcp:
            if value.utf8.count > labelBytesMax {
                return "the value has \(value.utf8.count) bytes; \(provider.brand) takes \(labelBytesMax)"
            }
            return wrongCharacter("value", value, provider) { isLabel($0) }
        case .azure: return nil
        }
    }

    private static func reserved(by provider: Provider) -> [String] {
        switch provider {
        case .aws: ["aws:"]
        case .gcp: ["goog"]
        case .azure: ["microsoft", "azure", "windows"]
        }
    }

    private static func wrongCharacter(
        _ what: String, _ text: String, _ provider: Provider, _ isTaken: (Unicode.Scalar) -> Bool
    ) -> String? {
        guard let wrong = text.unicodeScalars.first(where: { !isTaken($0) }) else { return nil }
        return "the \(what) holds \"\(wrong)\", which \(provider.brand) does not take"
    }

    private static func isAWS(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", " ", "+", "-", "=", ".", "_", ":", "/", "@": return true
            default: return false
            }
        }
        return scalar.isLetterOrDigit || scalar.properties.generalCategory == .spaceSeparator
    }

    private static func isLabel(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            switch scalar {
            case "a"..."z", "0"..."9", "_", "-": return true
            default: return false
            }
        }
        return scalar.isLetterOrDigit && !scalar.properties.isUppercase
    }
}

extension Provider {
    fileprivate var brand: String {
        switch self {
        case .aws: "AWS"
        case .gcp: "Google Cloud"
        case .azure: "Azure"
        }
    }
}

extension Unicode.Scalar {
    /// Marks count as parts of letters.
    fileprivate var isLetterOrDigit: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .nonspacingMark, .spacingMark:
            true
        default: false
        }
    }
}
