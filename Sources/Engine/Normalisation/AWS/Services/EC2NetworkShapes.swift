import Model

/// Networks and what stands in them.
enum EC2NetworkShapes {
    static let all: [AWSShape] = [
        .ec2(
            "vpc", operations: ["ec2.describe-vpcs", "ec2.create-vpc"], members: ["Vpcs", "Vpc"], id: "VpcId",
            whole: ["CidrBlock", "DhcpOptionsId"], zone: []),
        .ec2(
            "subnet", operations: ["ec2.describe-subnets", "ec2.create-subnet"], members: ["Subnets", "Subnet"],
            id: "SubnetId",
            whole: ["CidrBlock", "AvailabilityZone"], edges: [AWSEdge(.inNetwork, "VpcId")],
            // The count of free addresses changes with every launch.
            omitted: ["SubnetArn", "AvailableIpAddressCount"]),
        .ec2(
            "security-group", operations: ["ec2.describe-security-groups"], members: ["SecurityGroups"], id: "GroupId",
            whole: ["GroupName", "IpPermissions"], name: "GroupName", zone: [],
            edges: [
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.uses, "IpPermissions", "UserIdGroupPairs", "GroupId"),
                AWSEdge(.uses, "IpPermissionsEgress", "UserIdGroupPairs", "GroupId"),
            ],
            omitted: ["SecurityGroupArn"]),
        .ec2(
            "network-interface", operations: ["ec2.describe-network-interfaces"], members: ["NetworkInterfaces"],
            id: "NetworkInterfaceId", whole: ["Status", "MacAddress"], tags: ["TagSet"],
            edges: [
                AWSEdge(.attachedTo, "Attachment", "InstanceId"),
                AWSEdge(.inSubnet, "SubnetId"),
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.memberOf, "Groups", "GroupId"),
            ]),
        .ec2(
            "internet-gateway", operations: ["ec2.describe-internet-gateways"], members: ["InternetGateways"],
            id: "InternetGatewayId", whole: ["Attachments"], zone: [], edges: [AWSEdge(.attachedTo, "Attachments", "VpcId")]),
        .ec2(
            "natgateway", operations: ["ec2.describe-nat-gateways"], members: ["NatGateways"], id: "NatGatewayId",
            whole: ["NatGatewayAddresses", "State"], zone: [],
            edges: [
                AWSEdge(.inSubnet, "SubnetId"),
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.uses, "NatGatewayAddresses", "AllocationId"),
                AWSEdge(.uses, "NatGatewayAddresses", "NetworkInterfaceId"),
            ]),
        .ec2(
            "route-table", operations: ["ec2.describe-route-tables"], members: ["RouteTables"], id: "RouteTableId",
            whole: ["Routes", "Associations"], zone: [],
            edges: [
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.attachedTo, "Associations", "SubnetId"),
                AWSEdge(.routesTo, "Routes", "GatewayId", to: .idAmongOthers),
                AWSEdge(.routesTo, "Routes", "NatGatewayId"),
                AWSEdge(.routesTo, "Routes", "TransitGatewayId"),
                AWSEdge(.routesTo, "Routes", "VpcPeeringConnectionId"),
                AWSEdge(.routesTo, "Routes", "NetworkInterfaceId"),
            ]),
        .ec2(
            "network-acl", operations: ["ec2.describe-network-acls"], members: ["NetworkAcls"], id: "NetworkAclId",
            whole: ["Entries", "IsDefault"], zone: [],
            edges: [AWSEdge(.inNetwork, "VpcId"), AWSEdge(.attachedTo, "Associations", "SubnetId")]),
        .ec2(
            "elastic-ip", operations: ["ec2.describe-addresses"], members: ["Addresses"], id: "AllocationId",
            whole: ["PublicIp", "Domain"], owner: ["NetworkInterfaceOwnerId"], zone: ["NetworkBorderGroup"],
            edges: [AWSEdge(.attachedTo, "InstanceId"), AWSEdge(.attachedTo, "NetworkInterfaceId")]),
        .ec2(
            "vpc-endpoint", operations: ["ec2.describe-vpc-endpoints"], members: ["VpcEndpoints"], id: "VpcEndpointId",
            whole: ["ServiceName", "VpcEndpointType"], zone: [],
            edges: [
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.inSubnet, "SubnetIds"),
                AWSEdge(.memberOf, "Groups", "GroupId"),
                AWSEdge(.uses, "NetworkInterfaceIds"),
            ],
            omitted: ["PolicyDocument"]),
        .ec2(
            "vpc-peering-connection", operations: ["ec2.describe-vpc-peering-connections"],
            members: ["VpcPeeringConnections"],
            id: "VpcPeeringConnectionId", whole: ["RequesterVpcInfo", "AccepterVpcInfo"],
            owner: ["RequesterVpcInfo", "OwnerId"], zone: ["RequesterVpcInfo", "Region"],
            edges: [AWSEdge(.attachedTo, "RequesterVpcInfo", "VpcId"), AWSEdge(.attachedTo, "AccepterVpcInfo", "VpcId")]),
        .ec2(
            "transit-gateway", operations: ["ec2.describe-transit-gateways"], members: ["TransitGateways"],
            id: "TransitGatewayId", whole: ["TransitGatewayArn"], zone: []),
        .ec2(
            "vpc-flow-log", operations: ["ec2.describe-flow-logs"], members: ["FlowLogs"], id: "FlowLogId",
            whole: ["ResourceId", "TrafficType"], zone: [],
            edges: [
                AWSEdge(.attachedTo, "ResourceId"),
                AWSEdge(.logsTo, "LogGroupName", to: .named("logs", "log-group:")),
                AWSEdge(.logsTo, "LogDestination", to: .arn),
                AWSEdge(.runsAs, "DeliverLogsPermissionArn", to: .arn),
            ]),
    ]
}
