/// An Amazon Resource Name: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, region and account possibly empty.
struct ARN {
    let text: String
    private let serviceRange: Range<Int>
    private let regionRange: Range<Int>
    private let accountRange: Range<Int>
    /// Where the resource part begins.
    private let resourceStart: Int

    /// Nil when `text` is no ARN with something in its service and resource parts.
    init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.starts(with: "arn:".utf8) else { return nil }
        var colons = (0, 0, 0, 0, 0)
        var found = 0
        var position = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: ":") {
                found += 1
                switch found {
                case 1: colons.0 = position
                case 2: colons.1 = position
                case 3: colons.2 = position
                case 4: colons.3 = position
                default: colons.4 = position
                }
            }
            if found == 5 { break }
            position += 1
        }
        guard found == 5, colons.1 + 1 < colons.2, colons.4 + 1 < text.utf8.count else { return nil }
        self.text = text
        serviceRange = colons.1 + 1..<colons.2
        regionRange = colons.2 + 1..<colons.3
        accountRange = colons.3 + 1..<colons.4
        resourceStart = colons.4 + 1
    }

    /// Longest ARN in bytes (AWS documents 2,048 characters).
    static let bytesMax = 2_048

    var partition: String { slice(4..<serviceRange.lowerBound - 1) }
    var service: String { slice(serviceRange) }
    var region: String { slice(regionRange) }
    /// Twelve digits; nil for none and for `aws`, which owns managed policies.
    var account: String? {
        let account = slice(accountRange)
        return AccountID.isValid(account) ? account : nil
    }
    var resource: String { slice(resourceStart..<text.utf8.count) }

    func isOf(service: StaticString) -> Bool {
        serviceRange.count == service.utf8CodeUnitCount && slice(serviceRange) == service.description
    }

    private func slice(_ range: Range<Int>) -> String {
        let utf8 = text.utf8
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        return String(text[start..<utf8.index(start, offsetBy: range.count)])
    }

    /// What the resource is and what it is called there: `instance` and `i-0abc` of `instance/i-0abc`, nil and `topic` of
    /// `topic`.
    var kindAndName: (kind: String?, name: Substring) {
        let resource = self.resource
        var rest = resource[...]
        if rest.utf8.first == UInt8(ascii: "/") { rest = rest.dropFirst() }
        guard let separator = rest.utf8.firstIndex(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }) else {
            return (nil, rest)
        }
        return (String(rest[..<separator]), rest[rest.utf8.index(after: separator)...])
    }

    /// The last part of the resource: what people call it.
    var lastPart: String {
        var resource = self.resource[...]
        while resource.utf8.last == UInt8(ascii: "/") { resource = resource.dropLast() }
        guard let separator = resource.utf8.lastIndex(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }) else {
            return String(resource)
        }
        return String(resource[resource.utf8.index(after: separator)...])
    }

    /// Our resource type: `service.kind` in lower case.
    var resourceType: String {
        let service = self.service
        let (kind, name) = kindAndName
        switch service {
        case "s3":
            return kind == nil ? "s3.bucket" : region.isEmpty ? "s3.object" : "s3." + (kind ?? "")
        case "sns": return kind == nil ? "sns.topic" : kind == "app" ? "sns.app" : "sns.subscription"
        case "sqs": return "sqs.queue"
        case "codepipeline" where kind == nil: return "codepipeline.pipeline"
        case "codecommit" where kind == nil: return "codecommit.repository"
        case "secretsmanager": return "secretsmanager.secret"
        case "elasticloadbalancing" where kind == "listener" || kind == "listener-rule":
            return service + "." + (kind ?? "")
        case "wafv2":
            // `regional/webacl/NAME/ID`: the scope comes first.
            return "wafv2." + (name.split(separator: "/").first.map { String($0).lowercased() } ?? "resource")
        case "apigateway":
            // `/restapis/ID/stages/NAME`
            let parts = name.split(separator: "/")
            return parts.count >= 2
                ? "apigateway." + parts[1].lowercased() : "apigateway." + (kind ?? "resource").lowercased()
        default:
            return service + "." + (kind ?? "resource").lowercased()
        }
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:PREFIX NAME`, with empty parts for what is not known.
    static func make(
        service: StaticString, region: String?, account: String?, prefix: StaticString, name: some StringProtocol
    ) -> String {
        let region = region ?? ""
        var text = "arn:"
        text.reserveCapacity(64)
        text += partition(of: region)
        text += ":"
        text += service.description
        text += ":"
        text += region
        text += ":"
        text += account ?? ""
        text += ":"
        text += prefix.description
        text += name
        return text
    }

    static func partition(of region: String) -> String {
        region.hasPrefix("cn-") ? "aws-cn" : region.hasPrefix("us-gov-") ? "aws-us-gov" : "aws"
    }
}

/// AWS account numbers: twelve digits.
enum AccountID {
    static func isValid(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}

/// AWS region names.
enum Region {
    /// The region of an availability zone or local zone: `us-east-1` of `us-east-1a`, `us-west-2` of `us-west-2-lax-1a`.
    /// Nil when `zone` has not that form.
    static func of(zone: String) -> String? {
        var previous: UInt8 = 0
        var inNumber = false
        var length = 0
        for byte in zone.utf8 {
            let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            if inNumber, !isDigit { break }
            if isDigit {
                guard inNumber || previous == UInt8(ascii: "-") else { return nil }
                inNumber = true
            }
            previous = byte
            length += 1
        }
        guard inNumber, length >= 6 else { return nil }
        return String(decoding: zone.utf8.prefix(length), as: UTF8.self)
    }
}
