/// What a canonical AWS id tells of its resource.
enum AWSIdentity {
    /// `ec2.volume` of `vol-0abc`, `s3.bucket` of its ARN; nil where the id does not say.
    static func type(ofID id: String) -> String? {
        if let arn = ARN(id) { return arn.resourceType }
        return EC2ResourceIDs.kind(of: id).map { "ec2.\($0)" }
    }
}
