import JSON
import Model
import Normalisation
import Testing

func azure(_ id: String) -> ResourceID { ResourceID(provider: .azure, nativeID: id) }

private func normalisedAzure(_ text: String) throws -> NormalisedPayload { try normalised(text, provider: .azure) }

@Suite struct AzureNormaliserTests {
    static let group = "/subscriptions/s-1/resourcegroups/rg"

    @Test("Ids compare without case and without a slash at the end")
    func canonical() {
        #expect(CanonicalID.canonical(provider: .azure, "/Subscriptions/S-1/resourceGroups/RG/") == Self.group)
        #expect(
            CanonicalID.canonical(provider: .azure, "/subscriptions/s/resourceGroups/Übung")
                == "/subscriptions/s/resourcegroups/übung")
        #expect(CanonicalID.canonical(provider: .azure, "/") == "/")
        #expect(CanonicalID.canonical(provider: .azure, "") == "")
    }

    @Test("A virtual machine has tags, place, metadata and typed relationships")
    func virtualMachine() throws {
        let payload = try normalisedAzure(
            """
            {"value":[{"id":"/subscriptions/S-1/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/Web","name":"Web",
             "type":"Microsoft.Compute/virtualMachines","location":"West US 2","tags":{"Env":"prod"},"zones":["1"],
             "identity":{"type":"UserAssigned","userAssignedIdentities":{"/subscriptions/S-1/resourcegroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Me":{}}},
             "properties":{"hardwareProfile":{"vmSize":"Standard_B1s"},
              "availabilitySet":{"id":"/subscriptions/S-1/resourceGroups/RG/providers/Microsoft.Compute/availabilitySets/AS"},
              "storageProfile":{"osDisk":{"managedDisk":{"id":"/subscriptions/S-1/resourceGroups/RG/providers/Microsoft.Compute/disks/OS"}}},
              "networkProfile":{"networkInterfaces":[{"id":"/subscriptions/S-1/resourceGroups/RG/providers/Microsoft.Network/networkInterfaces/nic"}]}}}]}
            """)
        let machine = try #require(payload.first("\(Self.group)/providers/microsoft.compute/virtualmachines/web"))
        #expect(machine.resourceType == "microsoft.compute/virtualmachines" && machine.name == "Web")
        #expect(machine.accountID == "s-1" && machine.region == "westus2")
        #expect(machine.nativeTags == TagList([Tag("Env", "prod")]))
        #expect(machine.metadataValue?["hardwareProfile"]?["vmSize"]?.string == "Standard_B1s")
        #expect(machine.metadataValue?["resourceGroup"]?.string == "rg")
        #expect(machine.targets(.inSubscription) == [azure("/subscriptions/s-1")])
        #expect(machine.targets(.inResourceGroup) == [azure(Self.group)])
        #expect(machine.targets(.memberOf) == [azure("\(Self.group)/providers/microsoft.compute/availabilitysets/as")])
        #expect(
            machine.targets(.runsAs) == [
                azure("\(Self.group)/providers/microsoft.managedidentity/userassignedidentities/me")
            ])
        #expect(
            Set(machine.targets(.uses)) == [
                azure("\(Self.group)/providers/microsoft.compute/disks/os"),
                azure("\(Self.group)/providers/microsoft.network/networkinterfaces/nic"),
            ])
    }

    @Test("A network interface lies in its subnet and network, is attached, protected, and a target of its load balancer")
    func networkInterface() throws {
        let network = "/subscriptions/S-1/resourceGroups/RG/providers/Microsoft.Network"
        let nic = try #require(
            try normalisedAzure(
                """
                {"id":"\(network)/networkInterfaces/nic","properties":{
                 "virtualMachine":{"id":"/subscriptions/s-1/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/vm"},
                 "networkSecurityGroup":{"id":"\(network)/networkSecurityGroups/nsg"},
                 "ipConfigurations":[{"id":"\(network)/networkInterfaces/nic/ipConfigurations/ip","properties":{
                  "subnet":{"id":"\(network)/virtualNetworks/v/subnets/s"},"publicIPAddress":{"id":"\(network)/publicIPAddresses/p"},
                  "loadBalancerBackendAddressPools":[{"id":"\(network)/loadBalancers/lb/backendAddressPools/pool"}]}}]}}
                """
            ).observations.first)
        let prefix = "\(Self.group)/providers/microsoft.network"
        #expect(nic.resourceType == "microsoft.network/networkinterfaces" && nic.name == "nic")
        #expect(nic.targets(.attachedTo) == [azure("\(Self.group)/providers/microsoft.compute/virtualmachines/vm")])
        #expect(nic.targets(.protectedBy) == [azure("\(prefix)/networksecuritygroups/nsg")])
        #expect(nic.targets(.inSubnet) == [azure("\(prefix)/virtualnetworks/v/subnets/s")])
        #expect(nic.targets(.inNetwork) == [azure("\(prefix)/virtualnetworks/v")])
        #expect(nic.targets(.targetOf) == [azure("\(prefix)/loadbalancers/lb")])
        #expect(nic.targets(.uses) == [azure("\(prefix)/publicipaddresses/p")])
        #expect(nic.targets(.partOf).isEmpty)
    }

    @Test(
        "Disks are attached to their machine; children and extensions are part of their parent; subnets lie in their network"
    )
    func hierarchy() throws {
        let prefix = "/subscriptions/s-1/resourceGroups/rg/providers"
        let found = try normalisedAzure(
            """
            [{"id":"\(prefix)/Microsoft.Compute/disks/d","managedBy":"\(prefix)/Microsoft.Compute/virtualMachines/vm",
              "properties":{"creationData":{"sourceResourceId":"\(prefix)/Microsoft.Compute/snapshots/sn"}}},
             {"id":"\(prefix)/Microsoft.Sql/servers/sv/databases/db","managedBy":"\(prefix)/Microsoft.Sql/servers/sv","name":"sv/db"},
             {"id":"\(prefix)/Microsoft.Storage/storageAccounts/sa/providers/Microsoft.Insights/diagnosticSettings/ds"},
             {"id":"\(prefix)/Microsoft.Network/virtualNetworks/v/subnets/s"},
             {"id":"/subscriptions/s-1/resourceGroups/rg","type":"microsoft.resources/subscriptions/resourcegroups"},
             {"id":"/subscriptions/s-1","displayName":"Prod","subscriptionId":"s-1"}]
            """
        ).observations
        let lower = prefix.lowercased()
        #expect(found[0].targets(.attachedTo) == [azure("\(lower)/microsoft.compute/virtualmachines/vm")])
        #expect(found[0].targets(.createdFrom) == [azure("\(lower)/microsoft.compute/snapshots/sn")])
        #expect(found[1].targets(.partOf) == [azure("\(lower)/microsoft.sql/servers/sv")])
        #expect(found[1].targets(.managedBy) == [azure("\(lower)/microsoft.sql/servers/sv")])
        #expect(found[1].resourceType == "microsoft.sql/servers/databases" && found[1].name == "db")
        #expect(found[2].targets(.partOf) == [azure("\(lower)/microsoft.storage/storageaccounts/sa")])
        #expect(found[2].resourceType == "microsoft.insights/diagnosticsettings")
        #expect(found[3].targets(.inNetwork) == [azure("\(lower)/microsoft.network/virtualnetworks/v")])
        #expect(
            found[4].resourceType == "microsoft.resources/resourcegroups"
                && found[4].relationships == [Relationship(.inSubscription, to: azure("/subscriptions/s-1"))])
        #expect(
            found[5].resourceType == "microsoft.resources/subscriptions" && found[5].name == "Prod"
                && found[5].relationships.isEmpty)
    }

    @Test(
        "Both forms of Resource Graph give the same",
        arguments: [
            #"{"count":1,"data":[{"id":"/subscriptions/S/resourceGroups/R/providers/A.B/c/d","name":"d","type":"a.b/c","location":"eastus","tags":{"k":"v"},"properties":{"x":1}}]}"#,
            #"{"data":{"columns":[{"name":"id","type":"string"},{"name":"name","type":"string"},{"name":"type","type":"string"},{"name":"location","type":"string"},{"name":"tags","type":"object"},{"name":"properties","type":"object"}],"rows":[["/subscriptions/S/resourceGroups/R/providers/A.B/c/d","d","a.b/c","eastus",{"k":"v"},{"x":1}]]}}"#,
        ])
    func resourceGraph(text: String) throws {
        let payload = try normalisedAzure(text)
        let found = try #require(payload.observations.first)
        #expect(payload.items == 1 && found.resourceID == "/subscriptions/s/resourcegroups/r/providers/a.b/c/d")
        #expect(found.nativeTags == TagList([Tag("k", "v")]) && found.metadataValue?["x"]?.int == 1)
    }

    @Test("Tags that are null or missing are the empty list")
    func noTags() throws {
        let found = try normalisedAzure(#"[{"id":"/subscriptions/s","tags":null},{"id":"/subscriptions/t"}]"#).observations
        #expect(found.map(\.nativeTags) == [TagList(), TagList()])
    }

    @Test(
        "An empty answer has no resources and no rejects",
        arguments: ["[]", #"{"value":[]}"#, #"{"data":[]}"#, #"{"data":{"columns":[],"rows":[]}}"#])
    func empty(text: String) throws {
        let payload = try normalisedAzure(text)
        #expect(payload.items == 0 && payload.rejectedCount == 0)
    }

    @Test(
        "What is no resource is a reject with its index",
        arguments: [
            "[1]", "{}", #"[{"id":7}]"#, #"[{"id":"x"}]"#, #"{"value":[null]}"#, "7",
            #"{"data":{"columns":[{"name":"id"}],"rows":[7]}}"#, #"{"data":{"columns":7,"rows":[[]]}}"#,
        ])
    func rejects(text: String) throws {
        let payload = try normalisedAzure(text)
        #expect(payload.items == 1 && payload.observations.isEmpty)
        #expect(payload.rejects.map(\.index) == [0])
    }
}
