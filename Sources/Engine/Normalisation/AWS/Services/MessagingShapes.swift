import Model

/// Topics, subscriptions and queues.
enum MessagingShapes {
    static let topic = AWSShape(
        "sns.topic", service: "sns", operations: ["sns.list-topics", "sns.get-topic-attributes"], members: ["Topics"],
        identity: .arn("TopicArn", orName: "TopicArn"), whole: ["TopicArn", "Owner", "SubscriptionsConfirmed"],
        owner: ["Owner"], edges: [.kms("KmsMasterKeyId")],
        omitted: ["Owner", "Policy", "EffectiveDeliveryPolicy", "DeliveryPolicy"])

    static let queue = AWSShape(
        "sqs.queue", service: "sqs", operations: ["sqs.list-queues", "sqs.get-queue-attributes"], members: ["QueueUrls"],
        identity: .arn("QueueArn", orName: "QueueUrl"), whole: ["QueueArn", "CreatedTimestamp"],
        edges: [AWSEdge(.deliversTo, "RedrivePolicy", to: .redrivePolicy), .kms("KmsMasterKeyId")],
        // The counts of messages change all the time.
        omitted: [
            "Policy", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ])

    /// It has no ARN before it is confirmed.
    static let subscription = AWSShape(
        "sns.subscription", service: "sns", operations: ["sns.list-subscriptions", "sns.list-subscriptions-by-topic"],
        members: ["Subscriptions"], identity: .arnOnly("SubscriptionArn"),
        whole: ["SubscriptionArn", "Endpoint"], owner: ["Owner"],
        edges: [AWSEdge(.subscribesTo, "TopicArn", to: .arn), AWSEdge(.deliversTo, "Endpoint", to: .arn)],
        omitted: ["Owner"])

    // A subscription also has a topic's ARN: it comes first.
    static let all: [AWSShape] = [subscription, topic, queue]
}
