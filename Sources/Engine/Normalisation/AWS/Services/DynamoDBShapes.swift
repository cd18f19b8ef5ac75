import Model

/// Tables.
enum DynamoDBShapes {
    static let all: [AWSShape] = [
        AWSShape(
            "dynamodb.table", service: "dynamodb", prefix: "table/",
            operations: ["dynamodb.list-tables", "dynamodb.describe-table"],
            members: ["TableNames", "Table", "TableDescription"], identity: .arn("TableArn", orName: "TableName"),
            whole: ["TableName", "TableStatus"], name: "TableName",
            edges: [AWSEdge(.encryptedWith, "SSEDescription", "KMSMasterKeyArn", to: .named("kms", "key/"))])
    ]
}
