import Model

/// Object storage.
enum S3Shapes {
    static let all: [AWSShape] = [
        // No region hint: one call lists the buckets of all regions.
        AWSShape(
            "s3.bucket", service: "s3", operations: ["s3.list-buckets", "s3api.list-buckets"], members: ["Buckets"],
            identity: .name("Name"), whole: ["Name", "CreationDate"], zone: ["BucketRegion"], isGlobal: true,
            omitted: ["BucketArn"])
    ]
}
