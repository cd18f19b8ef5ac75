/// The one spelling of an AWS resource's id.
///
/// - EC2's own ids stand alone, also when given as an ARN: `i-0abc`, `vpc-0abc`.
/// - Everything else is its ARN; where account or region are not known they stay empty (`arn:aws:sqs:::name`).
/// - A queue's URL becomes its ARN, `s3://bucket` the bucket's, `arn:aws:iam::ACCOUNT:root` the account number.
/// - What only some answers append to an ARN is cut: `:*` of log groups, `:$LATEST` of functions, and the random last part of
///   EKS node groups and add-ons, which lists by name do not tell.
enum AWSCanonicalID {
    static func canonical(_ text: String) -> String {
        if let arn = ARN(text) { return canonical(arn) }
        if text.hasPrefix("s3://") {
            let bucket = text.dropFirst(5).prefix { $0 != "/" }
            return bucket.isEmpty ? text : ARN.make(service: "s3", region: nil, account: nil, prefix: "", name: bucket)
        }
        if text.hasPrefix("http"), let queue = queue(url: text, region: nil) { return queue }
        return text
    }

    static func canonical(_ arn: ARN) -> String {
        switch arn.service {
        case "ec2":
            let (kind, name) = arn.kindAndName
            guard let kind, EC2ResourceIDs.standsAlone(kind: kind, name: name) else { return arn.text }
            return String(name)
        case "lambda": return arn.text.hasSuffix(":$LATEST") ? String(arn.text.dropLast(8)) : arn.text
        case "logs": return arn.text.hasSuffix(":*") ? String(arn.text.dropLast(2)) : arn.text
        case "eks":
            let (kind, name) = arn.kindAndName
            guard kind == "nodegroup" || kind == "addon", name.utf8.count(where: { $0 == UInt8(ascii: "/") }) == 2,
                let last = arn.text.utf8.lastIndex(of: UInt8(ascii: "/"))
            else { return arn.text }
            return String(arn.text[..<last])
        case "iam":
            guard arn.resource == "root", let account = arn.account else { return arn.text }
            return account
        default: return arn.text
        }
    }

    /// The resource that a reference means: the function of a function's version or alias, the table of a stream or index.
    static func referenced(_ arn: ARN) -> String {
        switch arn.service {
        case "lambda":
            let (kind, name) = arn.kindAndName
            guard kind == "function", let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else { return canonical(arn) }
            return String(arn.text.dropLast(name[colon...].count))
        case "dynamodb":
            let (kind, name) = arn.kindAndName
            guard kind == "table", let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")) else { return arn.text }
            return String(arn.text.dropLast(name[slash...].count))
        default: return canonical(arn)
        }
    }

    /// The ARN of a queue from its URL: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`, `https://REGION.queue.amazonaws.com/…`
    /// or `https://queue.amazonaws.com/…` (which is us-east-1). `region` serves other hosts.
    static func queue(url: String, region: String?) -> String? {
        guard let scheme = url.range(ofASCII: "://") else { return nil }
        let parts = url[scheme.upperBound...].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, AccountID.isValid(String(parts[1])), !parts[2].isEmpty else { return nil }
        let host = parts[0].split(separator: ".")
        var found = region
        if host.count >= 3, host[0] == "sqs" || host[0] == "sqs-fips" {
            found = String(host[1])
        } else if host.count >= 4, host[1] == "queue" {
            found = String(host[0])
        } else if parts[0] == "queue.amazonaws.com" {
            found = "us-east-1"
        }
        return ARN.make(service: "sqs", region: found, account: String(parts[1]), prefix: "", name: parts[2])
    }
}

extension String {
    /// Where `needle`, ASCII, first occurs.
    fileprivate func range(ofASCII needle: StaticString) -> Range<Index>? {
        let wanted = UnsafeBufferPointer(start: needle.utf8Start, count: needle.utf8CodeUnitCount)
        var start = utf8.startIndex
        while start != utf8.endIndex {
            if utf8[start...].starts(with: wanted) { return start..<utf8.index(start, offsetBy: wanted.count) }
            start = utf8.index(after: start)
        }
        return nil
    }
}
