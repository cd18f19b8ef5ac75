import Model

/// Load balancers, classic and current, and their targets.
enum LoadBalancingShapes {
    static let all: [AWSShape] = [
        AWSShape(
            "elasticloadbalancing.loadbalancer", service: "elasticloadbalancing", prefix: "loadbalancer/",
            operations: ["elbv2.describe-load-balancers"], members: ["LoadBalancers"],
            identity: .arn("LoadBalancerArn", orName: "LoadBalancerName"), whole: ["LoadBalancerArn", "Type"],
            name: "LoadBalancerName", zone: ["AvailabilityZones", "ZoneName"],
            edges: [
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.inSubnet, "AvailabilityZones", "SubnetId"),
                AWSEdge(.memberOf, "SecurityGroups"),
            ]),
        AWSShape(
            "elasticloadbalancing.loadbalancer", service: "elasticloadbalancing", prefix: "loadbalancer/",
            operations: ["elb.describe-load-balancers"], members: ["LoadBalancerDescriptions"],
            identity: .name("LoadBalancerName"), whole: ["LoadBalancerName", "ListenerDescriptions"],
            owner: ["SourceSecurityGroup", "OwnerAlias"], zone: ["AvailabilityZones"],
            edges: [
                AWSEdge(.inNetwork, "VPCId"),
                AWSEdge(.inSubnet, "Subnets"),
                AWSEdge(.memberOf, "SecurityGroups"),
                AWSEdge(.routesTo, "Instances", "InstanceId"),
            ],
            omitted: ["Policies"]),
        AWSShape(
            "elasticloadbalancing.targetgroup", service: "elasticloadbalancing", prefix: "targetgroup/",
            operations: ["elbv2.describe-target-groups"], members: ["TargetGroups"],
            identity: .arn("TargetGroupArn", orName: "TargetGroupName"), whole: ["TargetGroupArn", "Protocol"],
            name: "TargetGroupName",
            edges: [
                AWSEdge(.targetOf, "LoadBalancerArns", to: .arn),
                AWSEdge(.inNetwork, "VpcId"),
                AWSEdge(.routesTo, "Targets", to: .idAmongOthers),
            ]),
        AWSShape(
            "elasticloadbalancing.listener", service: "elasticloadbalancing", prefix: "listener/",
            operations: ["elbv2.describe-listeners"], members: ["Listeners"],
            identity: .arnOnly("ListenerArn"), whole: ["ListenerArn", "LoadBalancerArn"],
            edges: [
                AWSEdge(.partOf, "LoadBalancerArn", to: .arn),
                AWSEdge(.routesTo, "DefaultActions", "TargetGroupArn", to: .arn),
                AWSEdge(.uses, "Certificates", "CertificateArn", to: .arn),
            ]),
    ]
}
