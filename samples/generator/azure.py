"""The Azure part: one subscription as Resource Graph prints it, one as the ARM list calls of each type."""

from .company import Charge, TEAM_BY_NAME, Workload, dice, guid, hexadecimal, instant, messy_tags, workloads

SUBSCRIPTIONS = (
    # id, name, environment, location, servers per application, teams, through Resource Graph
    ("0b7e5c1a-4c1d-4f6e-9a52-6d1f8c3e2a01", "brindlewick-corporate", "production", "westeurope", 4,
     ("finance-systems", "customer-care", "fulfilment", "platform"), True),
    ("0b7e5c1a-4c1d-4f6e-9a52-6d1f8c3e2a02", "brindlewick-corporate-test", "staging", "northeurope", 2,
     ("finance-systems", "customer-care", "fulfilment"), False),
)
TENANT = "5f2d9b10-77aa-4c3e-8d21-93b0c5a1e004"
SIZES = (("Standard_B2ms", 66.4), ("Standard_D4s_v5", 151.5), ("Standard_E4s_v5", 198.6), ("Standard_D8s_v5", 303.1))


class Subscription:
    def __init__(self, subscription, charges):
        (self.id, self.name, self.environment, self.location, self.servers_per_application, teams, self.through_graph) = subscription
        self.rng = dice(f"azure:{self.id}")
        self.work = workloads(self.environment, teams)
        self.charges = charges
        self.resources = []

    # Small helpers

    def group(self, workload):
        return f"rg-{workload.application}-{workload.short}"

    def tags(self, workload, stateful=False, locked=()):
        """Azure compares tag names without case, so a second spelling of the same name cannot be there."""
        tags = {}
        for key, value in messy_tags(self.rng, workload, stateful=stateful):
            if key.lower() not in {seen.lower() for seen in tags}:
                tags[key.replace("/", "-")] = value
        tags.update(locked)
        return tags

    def path(self, group, kind, name):
        """The resource's id; the kinds and the names of a nested resource alternate in it."""
        namespace, *kinds = kind.split("/")
        steps = "".join(f"/{step}/{part}" for step, part in zip(kinds, name.split("/")))
        return f"/subscriptions/{self.id}/resourceGroups/{group}/providers/{namespace}{steps}"

    def add(self, workload, type_name, name, properties, tags=None, **more):
        group = self.group(workload)
        resource = {"id": self.path(group, type_name, name), "name": name.rsplit("/", 1)[-1], "type": type_name, "location": self.location,
                    "tags": tags or {}, **more, "properties": {"provisioningState": "Succeeded", **properties}}
        self.resources.append(resource)
        return resource["id"]

    def charge(self, resource_id, service, category, cost, unit, description, tags):
        self.charges.append(Charge("Microsoft", self.id, self.name, self.location, resource_id, resource_id.rsplit("/", 1)[1], service, category,
                                   round(cost, 2), unit, description, tuple(tags.items())))

    # Groups and networks

    def foundations(self):
        self.platform = Workload(TEAM_BY_NAME["platform"], "gateway", self.environment)
        for workload in [self.platform] + [other for other in self.work if other != self.platform]:
            group = self.group(workload)
            self.resources.append({
                "id": f"/subscriptions/{self.id}/resourceGroups/{group}", "name": group, "type": "Microsoft.Resources/resourceGroups",
                "location": self.location, "tags": self.tags(workload), "properties": {"provisioningState": "Succeeded"}})
        self.security = {}
        for workload in self.work:
            self.security[workload] = self.add(workload, "Microsoft.Network/networkSecurityGroups", f"nsg-{workload.application}-{workload.short}", {
                "securityRules": [{"name": "allow-https", "properties": {
                    "protocol": "Tcp", "sourceAddressPrefix": "10.0.0.0/8", "destinationPortRange": "443", "access": "Allow", "priority": 100,
                    "direction": "Inbound"}}]}, self.tags(workload))
        network = f"vnet-{self.location}"
        subnets = self.subnet_list = []
        self.subnets = {}
        for index, workload in enumerate(self.work):
            name = f"snet-{workload.application}"
            self.subnets[workload] = self.path(self.group(self.platform), "Microsoft.Network/virtualNetworks/subnets", f"{network}/{name}")
            subnets.append({"name": name, "id": self.subnets[workload], "type": "Microsoft.Network/virtualNetworks/subnets", "properties": {
                "provisioningState": "Succeeded", "addressPrefix": f"10.{64 + index}.0.0/20", "networkSecurityGroup": {"id": self.security[workload]}}})
        self.add(self.platform, "Microsoft.Network/virtualNetworks", network, {
            "addressSpace": {"addressPrefixes": ["10.64.0.0/12"]}, "subnets": subnets}, self.tags(self.platform))

    # Machines, their disks and cards

    def servers(self):
        for workload in self.work:
            for number in range(1, self.servers_per_application + 1 + self.rng.randrange(3)):
                self.server(workload, f"vm-{workload.name('srv', number)}")
            self.balancer(workload)

    def server(self, workload, name):
        rng = self.rng
        size, price = rng.choice(SIZES)
        group = self.group(workload)
        machine = self.path(group, "Microsoft.Compute/virtualMachines", name)
        card = self.add(workload, "Microsoft.Network/networkInterfaces", f"{name}-nic", {
            "resourceGuid": guid(rng), "enableIPForwarding": False, "virtualMachine": {"id": machine}, "networkSecurityGroup": {"id": self.security[workload]},
            "ipConfigurations": [{"name": "ipconfig1", "properties": {
                "privateIPAddress": f"10.64.{rng.randrange(16)}.{rng.randint(4, 250)}", "privateIPAllocationMethod": "Dynamic", "primary": True,
                "subnet": {"id": self.subnets[workload]}}}]}, self.tags(workload) if rng.random() < 0.4 else {})
        disks = [self.disk(workload, f"{name}_OsDisk", machine)]
        if rng.random() < 0.35:
            disks.append(self.disk(workload, f"{name}_Data", machine))
        tags = self.tags(workload)
        self.add(workload, "Microsoft.Compute/virtualMachines", name, {
            "vmId": guid(rng), "hardwareProfile": {"vmSize": size},
            "storageProfile": {
                "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
                "osDisk": {"osType": "Linux", "name": f"{name}_OsDisk", "createOption": "FromImage",
                           "managedDisk": {"storageAccountType": "Premium_LRS", "id": disks[0]}},
                "dataDisks": [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk}} for disk in disks[1:]]},
            "osProfile": {"computerName": name[:15], "adminUsername": "azureadmin"},
            "networkProfile": {"networkInterfaces": [{"id": card}]}}, tags, zones=[str(rng.randint(1, 3))])
        self.charge(machine, "Virtual Machines", "Compute", price * rng.uniform(0.8, 1.02), "Hours", f"{size} compute hours", tags)

    def disk(self, workload, name, machine):
        size = self.rng.choice((32, 64, 128, 512))
        tags = self.tags(workload) if self.rng.random() < 0.5 else {}
        disk = self.add(workload, "Microsoft.Compute/disks", name, {
            "creationData": {"createOption": "FromImage"}, "diskSizeGB": size, "diskState": "Attached", "timeCreated": instant(self.rng) + ".1234567+00:00",
            "encryption": {"type": "EncryptionAtRestWithPlatformKey"}}, tags, managedBy=machine, sku={"name": "Premium_LRS", "tier": "Premium"})
        self.charge(disk, "Storage", "Storage", size * 0.15, "GB", "Premium SSD managed disk", tags)
        if self.rng.random() < 0.25:
            self.add(workload, "Microsoft.Compute/snapshots", f"{name}-{hexadecimal(self.rng, 5)}", {
                "creationData": {"createOption": "Copy", "sourceResourceId": disk}, "diskSizeGB": size, "incremental": True,
                "timeCreated": instant(self.rng) + ".1234567+00:00"}, self.tags(workload) if self.rng.random() < 0.4 else {},
                sku={"name": "Standard_ZRS", "tier": "Standard"})
        return disk

    def balancer(self, workload):
        address = self.add(workload, "Microsoft.Network/publicIPAddresses", f"pip-{workload.application}-{workload.short}", {
            "publicIPAllocationMethod": "Static", "ipAddress": f"198.51.100.{self.rng.randint(1, 254)}"}, self.tags(workload), sku={"name": "Standard"})
        tags = self.tags(workload)
        balancer = self.add(workload, "Microsoft.Network/loadBalancers", f"lb-{workload.application}-{workload.short}", {
            "frontendIPConfigurations": [{"name": "front", "properties": {"publicIPAddress": {"id": address}}}],
            "backendAddressPools": [{"name": "servers"}]}, tags, sku={"name": "Standard", "tier": "Regional"})
        self.charge(balancer, "Load Balancer", "Networking", self.rng.uniform(18, 40), "Hours", "Standard load balancer rules", tags)

    # Data

    def data(self):
        for workload in self.work:
            for purpose in self.rng.sample(("data", "logs", "backup", "web"), self.rng.randint(2, 3)):
                name = f"brw{workload.application}{purpose}{workload.short}"[:24]
                tags = self.tags(workload, stateful=True, locked={"ms-resource-usage": "azure-cloud-shell"} if self.rng.random() < 0.05 else {})
                account = self.add(workload, "Microsoft.Storage/storageAccounts", name, {
                    "supportsHttpsTrafficOnly": True, "primaryLocation": self.location, "creationTime": instant(self.rng) + ".0000000Z",
                    "networkAcls": {"bypass": "AzureServices", "defaultAction": "Deny", "ipRules": [],
                                    "virtualNetworkRules": [{"id": self.subnets[workload], "action": "Allow"}]},
                    "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"}}, tags, kind="StorageV2",
                    sku={"name": "Standard_ZRS", "tier": "Standard"})
                self.charge(account, "Storage", "Storage", self.rng.uniform(0.5, 140), "GB", "Hot ZRS data stored", tags)
            self.databases(workload)
            for service, kind, cost in (("Azure Cache for Redis", "Microsoft.Cache/Redis", 100), ("Service Bus", "Microsoft.ServiceBus/namespaces", 10),
                                        ("Azure Cosmos DB", "Microsoft.DocumentDB/databaseAccounts", 60)):
                if self.rng.random() < 0.6:
                    tags = self.tags(workload, stateful=True)
                    made = self.add(workload, kind, f"brw-{workload.application}-{workload.short}-{kind.split('/')[0][-5:].lower()}", {
                        "publicNetworkAccess": "Disabled"}, tags)
                    self.charge(made, service, "Integration" if cost == 10 else "Databases", cost * self.rng.uniform(0.6, 1.6), "Hours",
                                f"{service} base charge", tags)

    def databases(self, workload):
        tags = self.tags(workload, stateful=True)
        server = f"sql-{workload.application}-{workload.short}"
        self.add(workload, "Microsoft.Sql/servers", server, {
            "administratorLogin": "sqlroot", "version": "12.0", "state": "Ready", "fullyQualifiedDomainName": f"{server}.database.windows.net"}, tags, kind="v12.0")
        for database in ("main", "audit"):
            tags = self.tags(workload, stateful=True)
            made = self.add(workload, "Microsoft.Sql/servers/databases", f"{server}/{database}", {
                "collation": "SQL_Latin1_General_CP1_CI_AS", "status": "Online", "databaseId": guid(self.rng), "maxSizeBytes": 268435456000,
                "creationDate": instant(self.rng) + "Z"}, tags, kind="v12.0,user", sku={"name": "GP_Gen5", "tier": "GeneralPurpose", "capacity": 2})
            self.charge(made, "SQL Database", "Databases", self.rng.uniform(180, 400), "Hours", "General Purpose vCore", tags)
        if self.rng.random() < 0.5:
            tags = self.tags(workload, stateful=True)
            made = self.add(workload, "Microsoft.DBforPostgreSQL/flexibleServers", f"pg-{workload.application}-{workload.short}", {
                "version": "16", "state": "Ready", "storage": {"storageSizeGB": 128},
                "network": {"delegatedSubnetResourceId": self.subnets[workload], "publicNetworkAccess": "Disabled"}}, tags)
            self.charge(made, "Azure Database for PostgreSQL", "Databases", self.rng.uniform(120, 310), "Hours", "Flexible server vCore", tags)

    # Applications

    def applications(self):
        for workload in self.work:
            plan = self.add(workload, "Microsoft.Web/serverfarms", f"plan-{workload.application}-{workload.short}", {
                "status": "Ready", "numberOfWorkers": 2}, self.tags(workload), kind="linux", sku={"name": "P1v3", "tier": "PremiumV3"})
            self.charge(plan, "Azure App Service", "Compute", 124, "Hours", "P1 v3 app service plan", self.resources[-1]["tags"])
            for role, kind in (("web", "app,linux"), ("jobs", "functionapp,linux")):
                name = f"brw-{workload.application}-{role}-{workload.short}"
                tags = self.tags(workload, locked={f"hidden-link: {plan}": "Resource"} if self.rng.random() < 0.3 else {})
                self.add(workload, "Microsoft.Web/sites", name, {
                    "state": "Running", "hostNames": [f"{name}.azurewebsites.net"], "enabled": True, "serverFarmId": plan,
                    "virtualNetworkSubnetId": self.subnets[workload], "httpsOnly": True}, tags, kind=kind)
            vault = self.add(workload, "Microsoft.KeyVault/vaults", f"kv-{workload.application}-{workload.short}", {
                "tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableSoftDelete": True}, self.tags(workload))
            self.charge(vault, "Key Vault", "Security", self.rng.uniform(0.02, 3), "Operations", "Key and secret operations", self.resources[-1]["tags"])
        self.cluster()

    def cluster(self):
        tags = self.tags(self.platform)
        cluster = self.add(self.platform, "Microsoft.ContainerService/managedClusters", f"aks-{self.location}", {
            "kubernetesVersion": "1.33", "dnsPrefix": f"aks-{self.location}", "nodeResourceGroup": f"MC_{self.location}",
            "agentPoolProfiles": [{"name": "system", "count": 3, "vmSize": "Standard_D4s_v5", "mode": "System",
                                   "vnetSubnetID": self.subnets[self.work[0]]}]}, tags, identity={"type": "SystemAssigned", "tenantId": TENANT})
        self.charge(cluster, "Azure Kubernetes Service", "Compute", 73, "Hours", "Uptime SLA", tags)

    # Output

    def generate(self, output):
        self.foundations()
        self.servers()
        self.data()
        self.applications()
        if self.through_graph:
            rows = [{**resource, "type": resource["type"].lower(), "resourceGroup": resource["id"].split("/")[4], "subscriptionId": self.id,
                     "tenantId": TENANT} for resource in self.resources if resource["type"] != "Microsoft.Resources/resourceGroups"]
            output.payload("azure", f"graph.query.{self.id}", {
                "count": len(rows), "data": rows, "skip_token": None, "total_records": len(rows)}, account_id=self.id, operation="graph.query")
            self.containers(output)
            kinds = []
        else:
            kinds = list(dict.fromkeys(resource["type"] for resource in self.resources))
        for kind in kinds:
            operation = kind.removeprefix("Microsoft.").replace("/", ".") + ".list"
            output.payload("azure", f"{operation}.{self.id}", {"value": [resource for resource in self.resources if resource["type"] == kind]},
                           account_id=self.id, operation=operation)
        # Resource Graph has no rows for subnets; the network's own list has.
        output.payload("azure", f"Network.virtualNetworks.subnets.list.{self.id}", {"value": self.subnet_list}, account_id=self.id,
                       operation="Network.virtualNetworks.subnets.list")
        return len(self.resources) + len(self.subnet_list)

    def containers(self, output):
        """The subscriptions, and this one's resource groups, as `az graph query -q resourcecontainers` prints them."""
        rows = [{"id": f"/subscriptions/{other[0]}", "name": other[1], "type": "microsoft.resources/subscriptions", "location": "",
                 "subscriptionId": other[0], "tenantId": TENANT, "tags": {"env": other[2]}, "properties": {"state": "Enabled"}}
                for other in SUBSCRIPTIONS]
        rows += [{**resource, "type": "microsoft.resources/subscriptions/resourcegroups", "resourceGroup": resource["name"],
                  "subscriptionId": self.id, "tenantId": TENANT}
                 for resource in self.resources if resource["type"] == "Microsoft.Resources/resourceGroups"]
        output.payload("azure", f"graph.query.resourcecontainers.{self.id}", {
            "count": len(rows), "data": rows, "skip_token": None, "total_records": len(rows)}, account_id=self.id, operation="graph.query")


def generate(output, charges):
    """Writes all subscriptions; returns how many resources they hold, themselves included."""
    return len(SUBSCRIPTIONS) + sum(Subscription(subscription, charges).generate(output) for subscription in SUBSCRIPTIONS)
