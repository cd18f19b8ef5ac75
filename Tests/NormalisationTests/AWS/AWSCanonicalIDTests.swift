import Model
import Normalisation
import Testing

struct AWSCanonicalIDTests {
    @Test(
        "Every form of an id has one canonical spelling",
        arguments: [
            ("i-0123456789abcdef0", "i-0123456789abcdef0"),
            ("arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0", "i-0123456789abcdef0"),
            ("arn:aws:ec2:eu-west-1::snapshot/snap-0123", "snap-0123"),
            ("arn:aws-cn:ec2:cn-north-1:123456789012:security-group/sg-01", "sg-01"),
            ("arn:aws:ec2:eu-west-1:123456789012:natgateway/nat-0a", "nat-0a"),
            ("arn:aws:ec2:eu-west-1:123456789012:key-pair/deploy", "arn:aws:ec2:eu-west-1:123456789012:key-pair/deploy"),
            ("arn:aws:s3:::logs", "arn:aws:s3:::logs"),
            ("s3://logs/2024/05", "arn:aws:s3:::logs"),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", "arn:aws:sqs:eu-west-1:123456789012:jobs"),
            ("https://eu-west-1.queue.amazonaws.com/123456789012/jobs", "arn:aws:sqs:eu-west-1:123456789012:jobs"),
            ("https://queue.amazonaws.com/123456789012/jobs", "arn:aws:sqs:us-east-1:123456789012:jobs"),
            ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/jobs", "arn:aws-cn:sqs:cn-north-1:123456789012:jobs"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:f:3", "arn:aws:lambda:eu-west-1:123456789012:function:f:3"),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/a/b:*", "arn:aws:logs:eu-west-1:123456789012:log-group:/a/b"),
            ("arn:aws:eks:eu-west-1:123456789012:nodegroup/c/n/12ab", "arn:aws:eks:eu-west-1:123456789012:nodegroup/c/n"),
            ("arn:aws:iam::123456789012:root", "123456789012"),
            ("", ""), ("arn:", "arn:"), ("arn:aws:ec2", "arn:aws:ec2"), ("arn:aws:ec2:::", "arn:aws:ec2:::"),
            ("https://example.com/a/b", "https://example.com/a/b"), ("s3://", "s3://"), ("anything", "anything"),
        ])
    func forms(form: String, canonical: String) {
        #expect(CanonicalID.canonical(provider: .aws, form) == canonical)
        #expect(CanonicalID.canonical(provider: .aws, canonical) == canonical)
    }
}
