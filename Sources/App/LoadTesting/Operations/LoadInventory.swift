package import Model

/// The resources and tag keys that a run works on. A register is one tag key of one resource.
package struct LoadInventory: Sendable {
    package typealias Register = Int

    package static let accountID = "111122223333"
    package static let region = "us-east-1"

    package let run: RunName
    package let ids: [ResourceID]
    package let keysPerResource: Int

    package init(run: RunName, plan: DataPlan) {
        self.run = run
        keysPerResource = plan.keysPerResource
        ids = (0..<plan.resources).map { ResourceID(provider: .aws, nativeID: Self.nativeID(run, $0)) }
    }

    package var registerCount: Int { ids.count * keysPerResource }

    /// The provider's own id of a resource: an EBS volume of this run.
    package static func nativeID(_ run: RunName, _ resource: Int) -> String {
        let digits = String(resource)
        return "vol-load-\(run)-" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    package func nativeID(_ resource: Int) -> String { Self.nativeID(run, resource) }
    package func register(_ resource: Int, key: Int) -> Register { resource * keysPerResource + key }
    package func resource(of register: Register) -> Int { register / keysPerResource }
    package func key(_ position: Int) -> String { "load-\(position)" }
    package func key(of register: Register) -> String { key(register % keysPerResource) }

    /// The register of a tag key of a resource; nil for a key that is not the load's.
    package func register(_ resource: Int, named key: String) -> Register? {
        guard key.hasPrefix("load-"), let position = Int(key.dropFirst(5)), (0..<keysPerResource).contains(position) else {
            return nil
        }
        return register(resource, key: position)
    }

    /// How a person finds it.
    package func describe(_ register: Register) -> String {
        "tag \(key(of: register)) of resource \(ids[resource(of: register)])"
    }
}
