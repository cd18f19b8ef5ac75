import Model

/// Functions and what calls them.
enum LambdaShapes {
    static let all: [AWSShape] = [
        AWSShape(
            "lambda.function", service: "lambda", prefix: "function:",
            operations: ["lambda.list-functions", "lambda.get-function", "lambda.get-function-configuration"],
            members: ["Functions", "Configuration"], identity: .arn("FunctionArn", orName: "FunctionName"),
            whole: ["FunctionName", "CodeSize"], name: "FunctionName",
            edges: [
                AWSEdge(.runsAs, "Role", to: .arn),
                AWSEdge(.inNetwork, "VpcConfig", "VpcId"),
                AWSEdge(.inSubnet, "VpcConfig", "SubnetIds"),
                AWSEdge(.memberOf, "VpcConfig", "SecurityGroupIds"),
                AWSEdge(.deliversTo, "DeadLetterConfig", "TargetArn", to: .arn),
                AWSEdge(.uses, "Layers", "Arn", to: .arn),
                AWSEdge(.uses, "FileSystemConfigs", "Arn", to: .arn),
                .kms("KMSKeyArn"),
            ],
            // Environment variables often hold secrets.
            omitted: ["Environment", "RevisionId", "CodeSha256", "VpcConfig"]),
        AWSShape(
            "lambda.event-source-mapping", service: "lambda", prefix: "event-source-mapping:",
            operations: ["lambda.list-event-source-mappings"], members: ["EventSourceMappings"],
            identity: .arn("EventSourceMappingArn", orName: "UUID"), whole: ["UUID", "FunctionArn"], owner: ["FunctionArn"],
            edges: [
                AWSEdge(.subscribesTo, "EventSourceArn", to: .arn),
                AWSEdge(.deliversTo, "FunctionArn", to: .arn),
            ],
            omitted: ["LastProcessingResult"]),
    ]
}
