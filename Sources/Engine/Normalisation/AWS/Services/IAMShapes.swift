import Model

/// Identities and their permissions.
enum IAMShapes {
    static let all: [AWSShape] = [
        AWSShape(
            "iam.role", service: "iam", prefix: "role/", operations: ["iam.list-roles", "iam.get-role"],
            members: ["Roles", "Role", "RoleDetailList"], identity: .arn("Arn", orName: "RoleName"),
            whole: ["RoleName", "AssumeRolePolicyDocument"], name: "RoleName", isGlobal: true,
            edges: [
                AWSEdge(.uses, "AttachedManagedPolicies", "PolicyArn", to: .arn),
                AWSEdge(.uses, "PermissionsBoundary", "PermissionsBoundaryArn", to: .arn),
            ],
            omitted: ["AssumeRolePolicyDocument", "RoleLastUsed"]),
        AWSShape(
            "iam.user", service: "iam", prefix: "user/", operations: ["iam.list-users", "iam.get-user"],
            members: ["Users", "User", "UserDetailList"], identity: .arn("Arn", orName: "UserName"),
            whole: ["UserName", "UserId"], name: "UserName", isGlobal: true,
            edges: [
                AWSEdge(.memberOf, "GroupList", to: .global("iam", "group/")),
                AWSEdge(.uses, "AttachedManagedPolicies", "PolicyArn", to: .arn),
                AWSEdge(.uses, "PermissionsBoundary", "PermissionsBoundaryArn", to: .arn),
            ],
            omitted: ["PasswordLastUsed"]),
        AWSShape(
            "iam.group", service: "iam", prefix: "group/", operations: ["iam.list-groups", "iam.get-group"],
            members: ["Groups", "Group", "GroupDetailList"], identity: .arnOnly("Arn"),
            whole: ["GroupName", "Arn"], name: "GroupName", isGlobal: true,
            edges: [AWSEdge(.uses, "AttachedManagedPolicies", "PolicyArn", to: .arn)]),
        AWSShape(
            "iam.policy", service: "iam", prefix: "policy/", operations: ["iam.list-policies", "iam.get-policy"],
            members: ["Policies", "Policy"], identity: .arnOnly("Arn"),
            whole: ["PolicyName", "DefaultVersionId"], name: "PolicyName", isGlobal: true),
        AWSShape(
            "iam.instance-profile", service: "iam", prefix: "instance-profile/",
            operations: ["iam.list-instance-profiles", "iam.get-instance-profile", "iam.list-instance-profiles-for-role"],
            members: ["InstanceProfiles", "InstanceProfile"], identity: .arn("Arn", orName: "InstanceProfileName"),
            whole: ["InstanceProfileName", "Roles"], name: "InstanceProfileName", isGlobal: true,
            edges: [AWSEdge(.runsAs, "Roles", "Arn", to: .arn)]),
    ]
}
