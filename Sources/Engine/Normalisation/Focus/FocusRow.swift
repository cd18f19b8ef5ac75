import JSON
import Model

extension CSVRecord {
    /// The bytes of a field that says something: neither empty nor the literal `NULL` that exports write for it.
    func filled(_ index: Int) -> UnsafeBufferPointer<UInt8>? {
        let raw = raw(index)
        guard !raw.isEmpty else { return nil }
        if raw.count == 4, raw[0] | 0x20 == UInt8(ascii: "n"), raw[1] | 0x20 == UInt8(ascii: "u"),
            raw[2] | 0x20 == UInt8(ascii: "l"), raw[3] | 0x20 == UInt8(ascii: "l")
        {
            return nil
        }
        return raw
    }

    /// The value of a field that says something and is valid UTF-8.
    func filledString(_ index: Int?) -> String? {
        guard let index, filled(index) != nil else { return nil }
        return string(index)
    }

    /// The beginning of a field, for a message.
    func excerpt(_ index: Int) -> String {
        let bytes = bytes(index)
        let text = String(decoding: bytes.prefix(80), as: UTF8.self)
        return bytes.isEmpty ? "(empty)" : bytes.count > 80 ? "`\(text)…`" : "`\(text)`"
    }
}

/// Remembers what the last rows had in columns that hardly ever change.
struct FocusRowMemory: Sendable {
    private var monthText: [UInt8] = []
    private var month: Int32 = 0
    private var providerText: [UInt8] = []
    private var provider: Provider?

    /// `202609`, as the row's period spells it: a zone does not move it into another month. Nil when no date is there.
    mutating func month(of record: CSVRecord, _ columns: FocusColumns) -> Int32? {
        for column in columns.periods {
            guard let raw = record.filled(column) else { continue }
            if raw.count == monthText.count, raw.elementsEqual(monthText) { return month }
            guard let text = record.string(column), Timestamp(text) != nil else { continue }
            let digits = text.utf8.prefix(7).filter { $0 != UInt8(ascii: "-") }
            month = digits.reduce(0) { $0 * 10 + Int32($1 &- UInt8(ascii: "0")) }
            monthText = Array(raw)
            return month
        }
        return nil
    }

    /// The provider by its name, or by the form of the resource id; nil when neither tells.
    mutating func provider(of record: CSVRecord, _ columns: FocusColumns) -> Provider? {
        for column in columns.providers {
            guard let raw = record.filled(column) else { continue }
            if raw.count == providerText.count, raw.elementsEqual(providerText) { return provider }
            guard let named = FocusIdentity.provider(named: raw) else { continue }
            providerText = Array(raw)
            provider = named
            return named
        }
        return record.filled(columns.resourceID).flatMap(FocusIdentity.provider(ofID:))
    }
}

extension FocusAggregator.Details {
    /// Takes from the row what is not known yet. Returns how many bytes that added.
    mutating func fill(from record: CSVRecord, _ columns: FocusColumns) -> Int {
        var bytes = 0
        if name == nil, let text = record.filledString(columns.resourceName) {
            name = text
            bytes += text.utf8.count
        }
        if type == nil, let text = record.filledString(columns.resourceType) {
            type = text
            bytes += text.utf8.count
        }
        if region == nil, let text = record.filledString(columns.regionID) {
            region = text
            bytes += text.utf8.count
        }
        if tags == nil, let column = columns.tags, record.filled(column) != nil {
            let text = record.bytes(column)
            tags = text
            bytes += text.count
        }
        return bytes
    }
}

/// The `Tags` column: a JSON object as text.
enum FocusTags {
    /// Nil when the text is no JSON object; one that lost its braces, as some exports do, is read.
    static func read(_ text: [UInt8], _ json: JSONParser) -> TagList? {
        var text = text
        let first = text.first { $0 != UInt8(ascii: " ") }
        if first == UInt8(ascii: "\"") { text = [UInt8(ascii: "{")] + text + [UInt8(ascii: "}")] }
        let tags = try? json.withDocument(text) { TagShapes.tags($0) }
        return tags.flatMap { $0 }
    }
}

/// What an export's columns tell of a resource's identity.
enum FocusIdentity {
    static func provider(named name: UnsafeBufferPointer<UInt8>) -> Provider? {
        let folded = String(decoding: name, as: UTF8.self).lowercased()
        if folded.contains("aws") || folded.contains("amazon") { return .aws }
        if folded.contains("azure") || folded.contains("microsoft") { return .azure }
        if folded.contains("google") || folded.contains("gcp") { return .gcp }
        return nil
    }

    static func provider(ofID id: UnsafeBufferPointer<UInt8>) -> Provider? {
        if id.starts(with: "arn:".utf8) { return .aws }
        if id.starts(with: "//".utf8) { return .gcp }
        if id.count > 15, zip(id, "/subscriptions/".utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) { return .azure }
        return nil
    }

    static func canonicalID(_ details: FocusAggregator.Details) -> String {
        let id = CanonicalID.canonical(provider: details.provider, details.resourceID)
        // S3 is the service that bills its resources by bare name.
        if details.provider == .aws, details.type?.lowercased() == "bucket", !id.hasPrefix("arn:") {
            return "arn:aws:s3:::\(id)"
        }
        return id
    }

    /// The account as the inventory spells it: Azure's exports give a subscription's whole ARM id.
    static func account(_ details: FocusAggregator.Details) -> String? {
        guard !details.account.isEmpty else { return nil }
        guard details.provider == .azure, let last = details.account.slashParts().last else {
            return details.account
        }
        return last.lowercased()
    }

    /// The type that the id itself tells; nil where it does not.
    static func type(of id: String, _ details: FocusAggregator.Details) -> String? {
        switch details.provider {
        case .aws: AWSIdentity.type(ofID: id)
        case .gcp: GCPNames.type(ofFullName: id)
        case .azure: AzureName(id).type
        }
    }
}
