"""The Google Cloud part: one project as a Cloud Asset Inventory export, two as the list calls of each service."""

import re

from .company import Charge, TEAM_BY_NAME, Workload, dice, hexadecimal, instant, messy_tags, workloads

PROJECTS = (
    # project, its number, environment, region, servers per application, teams, as an asset export
    ("brindlewick-analytics-prod", "410200300401", "production", "us-central1", 9, ("data-platform", "catalog"), True),
    ("brindlewick-analytics-dev", "410200300402", "development", "us-central1", 3, ("data-platform", "catalog"), False),
    ("brindlewick-care-prod", "410200300403", "production", "europe-west1", 5, ("customer-care", "platform"), False),
)
ORGANIZATION = "organizations/901234567890"
API = {"compute": "https://www.googleapis.com/compute/v1/"}
MACHINES = (("e2-medium", 24.5), ("e2-standard-4", 97.8), ("n2-standard-4", 141.8), ("n2-highmem-8", 381.9))


def label(text):
    """Labels hold lower-case letters, digits, dashes and underscores, 63 of them."""
    return re.sub(r"[^a-z0-9_-]+", "-", text.strip().lower()).strip("-")[:63]


class Project:
    def __init__(self, project, charges):
        self.id, self.number, self.environment, self.region, self.servers_per_application, teams, self.exported = project
        self.rng = dice(f"gcp:{self.id}")
        self.work = workloads(self.environment, teams)
        self.zones = [f"{self.region}-{letter}" for letter in "abf"]
        self.charges = charges
        self.assets = []  # (asset type, name behind the service's host, parent, data)
        self.base = f"{API['compute']}projects/{self.id}/"

    # Small helpers

    def labels(self, workload, stateful=False, locked=()):
        written = messy_tags(self.rng, workload, stateful=stateful)
        labels = {label(key.replace("@", "-at-")): label(value.split("@")[0]) for key, value in written}
        if self.rng.random() < 0.3:
            labels["goog-terraform-provisioned"] = "true"
        labels.update(locked)
        return {key: value for key, value in labels.items() if key}

    def number_id(self):
        return str(self.rng.randrange(10**18, 9 * 10**18))

    def when(self):
        return instant(self.rng) + ".000-07:00"

    def add(self, kind, name, data, parent=None):
        """One asset; data is what the service's own list call prints for it."""
        host = {"sqladmin.googleapis.com": "cloudsql.googleapis.com"}.get(kind.split("/")[0], kind.split("/")[0])
        self.assets.append((kind, f"//{host}/{name}", parent or f"//cloudresourcemanager.googleapis.com/projects/{self.number}", data))
        return f"//{host}/{name}"

    def charge(self, resource_id, name, service, category, cost, unit, description, labels):
        self.charges.append(Charge("Google Cloud", self.id, self.id, self.region, resource_id, name, service, category, round(cost, 2), unit,
                                   description, tuple(labels.items())))

    def account_of(self, workload):
        return f"{workload.application}-run@{self.id}.iam.gserviceaccount.com"

    # Networks and identities

    def foundations(self):
        self.add("cloudresourcemanager.googleapis.com/Project", f"projects/{self.number}", {
            "projectNumber": self.number, "projectId": self.id, "lifecycleState": "ACTIVE", "name": self.id,
            "createTime": "2024-02-12T09:14:05.221Z", "labels": {"env": self.environment[:4], "team": self.work[0].team.name},
            "parent": {"type": "organization", "id": ORGANIZATION.split("/")[1]}}, parent=f"//cloudresourcemanager.googleapis.com/{ORGANIZATION}")
        self.network = f"{self.base}global/networks/main"
        self.subnetworks = [f"{self.base}regions/{self.region}/subnetworks/{name}" for name in ("apps", "data", "gke")]
        self.add("compute.googleapis.com/Network", f"projects/{self.id}/global/networks/main", {
            "kind": "compute#network", "id": self.number_id(), "creationTimestamp": self.when(), "name": "main",
            "autoCreateSubnetworks": False, "subnetworks": self.subnetworks, "selfLink": self.network,
            "routingConfig": {"routingMode": "REGIONAL"}})
        for index, link in enumerate(self.subnetworks):
            name = link.rsplit("/", 1)[1]
            self.add("compute.googleapis.com/Subnetwork", f"projects/{self.id}/regions/{self.region}/subnetworks/{name}", {
                "kind": "compute#subnetwork", "id": self.number_id(), "creationTimestamp": self.when(), "name": name, "network": self.network,
                "ipCidrRange": f"10.{128 + index}.0.0/20", "region": f"{self.base}regions/{self.region}", "selfLink": link,
                "privateIpGoogleAccess": True})
        for name, ports in (("allow-health-checks", ["8080"]), ("allow-internal", ["0-65535"]), ("allow-ssh-from-vpn", ["22"])):
            self.add("compute.googleapis.com/Firewall", f"projects/{self.id}/global/firewalls/{name}", {
                "kind": "compute#firewall", "id": self.number_id(), "creationTimestamp": self.when(), "name": name, "network": self.network,
                "direction": "INGRESS", "priority": 1000, "sourceRanges": ["10.0.0.0/8"], "disabled": False,
                "allowed": [{"IPProtocol": "tcp", "ports": ports}], "selfLink": f"{self.base}global/firewalls/{name}"})
        for workload in self.work:
            email = self.account_of(workload)
            unique = self.number_id() + "00"
            self.add("iam.googleapis.com/ServiceAccount", f"projects/{self.id}/serviceAccounts/{unique}", {
                "name": f"projects/{self.id}/serviceAccounts/{email}", "projectId": self.id, "uniqueId": unique, "email": email,
                "displayName": f"{workload.application} runtime", "oauth2ClientId": unique, "disabled": False})

    # Machines and their disks

    def servers(self):
        for workload in self.work:
            for number in range(1, self.servers_per_application + 1 + self.rng.randrange(3)):
                self.server(workload, number)

    def server(self, workload, number):
        rng = self.rng
        name, zone = workload.name("vm", number), rng.choice(self.zones)
        machine, price = rng.choice(MACHINES)
        links = {kind: f"{self.base}zones/{zone}/{kind}/" for kind in ("instances", "disks", "machineTypes", "diskTypes")}
        disks = []
        for index, disk in enumerate([name] + ([f"{name}-data"] if rng.random() < 0.35 else [])):
            labels = self.labels(workload) if rng.random() < 0.55 else {}
            size = rng.choice((20, 50, 100, 500))
            link = links["disks"] + disk
            disks.append({"kind": "compute#attachedDisk", "type": "PERSISTENT", "mode": "READ_WRITE", "source": link, "deviceName": disk,
                          "index": index, "boot": index == 0, "autoDelete": True, "interface": "SCSI"})
            self.add("compute.googleapis.com/Disk", f"projects/{self.id}/zones/{zone}/disks/{disk}", {
                "kind": "compute#disk", "id": self.number_id(), "creationTimestamp": self.when(), "name": disk, "sizeGb": str(size),
                "zone": f"{self.base}zones/{zone}", "status": "READY", "selfLink": link, "type": links["diskTypes"] + "pd-balanced",
                "users": [links["instances"] + name], **({"labels": labels} if labels else {}), "labelFingerprint": "42WmSpB8rSM="})
            self.charge(f"//compute.googleapis.com/projects/{self.id}/zones/{zone}/disks/{disk}", disk, "Compute Engine", "Storage",
                        size * 0.1, "GiBy.mo", "Balanced PD capacity", labels)
            if index == 1 or rng.random() < 0.1:
                self.snapshot(workload, disk, link, size)
        labels = self.labels(workload)
        self.add("compute.googleapis.com/Instance", f"projects/{self.id}/zones/{zone}/instances/{name}", {
            "kind": "compute#instance", "id": self.number_id(), "creationTimestamp": self.when(), "name": name,
            "tags": {"items": [workload.application, "vm"], "fingerprint": "6smc4R4d39I="}, "machineType": links["machineTypes"] + machine,
            "status": "RUNNING" if rng.random() < 0.94 else "TERMINATED", "zone": f"{self.base}zones/{zone}",
            "networkInterfaces": [{"kind": "compute#networkInterface", "network": self.network, "subnetwork": self.subnetworks[0],
                                   "networkIP": f"10.128.{rng.randrange(16)}.{rng.randint(2, 250)}", "name": "nic0"}],
            "disks": disks, "serviceAccounts": [{"email": self.account_of(workload), "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}],
            "selfLink": links["instances"] + name, "scheduling": {"onHostMaintenance": "MIGRATE", "automaticRestart": True, "preemptible": False},
            "labels": labels, "labelFingerprint": "42WmSpB8rSM=", "deletionProtection": False})
        self.charge(f"//compute.googleapis.com/projects/{self.id}/zones/{zone}/instances/{name}", name, "Compute Engine", "Compute",
                    price * rng.uniform(0.8, 1.02), "Hours", f"{machine} instance running", labels)

    def snapshot(self, workload, disk, link, size):
        name = f"{disk}-{hexadecimal(self.rng, 6)}"
        self.add("compute.googleapis.com/Snapshot", f"projects/{self.id}/global/snapshots/{name}", {
            "kind": "compute#snapshot", "id": self.number_id(), "creationTimestamp": self.when(), "name": name, "status": "READY",
            "sourceDisk": link, "diskSizeGb": str(size), "storageBytes": str(size * 10**8), "storageLocations": ["us"],
            "selfLink": f"{self.base}global/snapshots/{name}", "labels": self.labels(workload)})

    # Stored data

    def data(self):
        for workload in self.work:
            for suffix in self.rng.sample(("raw", "curated", "exports", "models", "tmp"), self.rng.randint(2, 4)):
                name = f"brw-{self.id.split('-', 1)[1]}-{workload.name(suffix)}"
                labels = self.labels(workload, stateful=True)
                self.add("storage.googleapis.com/Bucket", name, {
                    "kind": "storage#bucket", "id": name, "name": name, "projectNumber": self.number, "location": "US", "storageClass": "STANDARD",
                    "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}", "timeCreated": instant(self.rng) + ".000Z", "locationType": "multi-region",
                    "labels": labels, "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"}})
                self.charge(f"//storage.googleapis.com/{name}", name, "Cloud Storage", "Storage", self.rng.uniform(0.3, 210), "GiBy.mo",
                            "Standard storage", labels)
            self.database(workload)
            if workload.team.name == "data-platform":
                self.dataset(workload)

    def database(self, workload):
        name = workload.name("sql")
        labels = self.labels(workload, stateful=True)
        self.add("sqladmin.googleapis.com/Instance", f"projects/{self.id}/instances/{name}", {
            "kind": "sql#instance", "state": "RUNNABLE", "databaseVersion": self.rng.choice(("POSTGRES_16", "MYSQL_8_0")), "name": name,
            "project": self.id, "region": self.region, "connectionName": f"{self.id}:{self.region}:{name}", "instanceType": "CLOUD_SQL_INSTANCE",
            "backendType": "SECOND_GEN", "selfLink": f"https://sqladmin.googleapis.com/sql/v1beta4/projects/{self.id}/instances/{name}",
            "createTime": instant(self.rng) + ".000Z", "gceZone": self.rng.choice(self.zones), "settings": {
                "kind": "sql#settings", "tier": "db-custom-4-15360", "availabilityType": "REGIONAL", "dataDiskSizeGb": "100", "userLabels": labels,
                "ipConfiguration": {"privateNetwork": f"projects/{self.id}/global/networks/main", "ipv4Enabled": False}}})
        self.charge(f"//cloudsql.googleapis.com/projects/{self.id}/instances/{name}", name, "Cloud SQL", "Databases", 245, "Hours",
                    "Cloud SQL regional vCPU and memory", labels)

    def dataset(self, workload):
        for layer in ("raw", "mart", "sandbox")[: 3 if self.exported else 2]:
            dataset = f"{workload.application}_{layer}"
            labels = self.labels(workload, stateful=True)
            parent = self.add("bigquery.googleapis.com/Dataset", f"projects/{self.id}/datasets/{dataset}", {
                "kind": "bigquery#dataset", "id": f"{self.id}:{dataset}", "location": "US", "labels": labels,
                "datasetReference": {"datasetId": dataset, "projectId": self.id}})
            for table in self.rng.sample(("visits", "baskets", "refunds", "parcels", "returns", "sessions", "coupons", "stock_levels"),
                                         self.rng.randint(3, 8) if self.exported else 3):
                table_labels = self.labels(workload) if self.rng.random() < 0.25 else {}
                self.add("bigquery.googleapis.com/Table", f"projects/{self.id}/datasets/{dataset}/tables/{table}", {
                    "kind": "bigquery#table", "id": f"{self.id}:{dataset}.{table}", "type": "TABLE", "creationTime": "1753797923251",
                    "tableReference": {"projectId": self.id, "datasetId": dataset, "tableId": table},
                    **({"labels": table_labels} if table_labels else {})}, parent=parent)
            self.charge(f"//bigquery.googleapis.com/projects/{self.id}/datasets/{dataset}", dataset, "BigQuery", "Analytics",
                        self.rng.uniform(2, 600), "TiBy", "Analysis and active storage", labels)

    # Messages, functions, services, clusters

    def services(self):
        for workload in self.work:
            for event in self.rng.sample(("created", "updated", "failed", "archived"), self.rng.randint(1, 3)):
                name = workload.name(event)
                topic = f"projects/{self.id}/topics/{name}"
                self.add("pubsub.googleapis.com/Topic", topic, {"name": topic, "labels": self.labels(workload)})
                subscription = f"projects/{self.id}/subscriptions/{name}-worker"
                self.add("pubsub.googleapis.com/Subscription", subscription, {
                    "name": subscription, "topic": topic, "ackDeadlineSeconds": 30, "messageRetentionDuration": "604800s",
                    "labels": self.labels(workload) if self.rng.random() < 0.5 else {}})
            self.function(workload, topic)
            self.run_service(workload)
            secret = f"projects/{self.number}/secrets/{workload.application}-token"
            self.add("secretmanager.googleapis.com/Secret", secret, {
                "name": secret, "createTime": instant(self.rng) + "Z", "replication": {"automatic": {}}, "labels": self.labels(workload)})
        self.cluster()

    def function(self, workload, topic):
        name = f"projects/{self.id}/locations/{self.region}/functions/{workload.name('on-event')}"
        labels = self.labels(workload, locked={"deployment-tool": "cli-gcloud"}.items())
        self.add("cloudfunctions.googleapis.com/CloudFunction", name, {
            "name": name, "status": "ACTIVE", "entryPoint": "handle", "runtime": "python312", "timeout": "60s", "availableMemoryMb": 256,
            "serviceAccountEmail": self.account_of(workload), "updateTime": instant(self.rng) + ".000Z", "versionId": "7", "labels": labels,
            "eventTrigger": {"eventType": "google.pubsub.topic.publish", "resource": topic, "service": "pubsub.googleapis.com"}})
        self.charge(f"//cloudfunctions.googleapis.com/{name}", name.rsplit("/", 1)[1], "Cloud Functions", "Compute", self.rng.uniform(0.01, 15),
                    "invocations", "Invocations and CPU time", labels)

    def run_service(self, workload):
        name = f"projects/{self.id}/locations/{self.region}/services/{workload.name('api')}"
        labels = self.labels(workload)
        self.add("run.googleapis.com/Service", name, {
            "name": name, "uid": hexadecimal(self.rng, 32), "generation": "4", "labels": labels, "createTime": instant(self.rng) + ".000Z",
            "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY", "launchStage": "GA", "uri": f"https://{name.rsplit('/', 1)[1]}-uc.a.run.app",
            "template": {"serviceAccount": self.account_of(workload), "maxInstanceRequestConcurrency": 80,
                         "vpcAccess": {"networkInterfaces": [{"network": f"projects/{self.id}/global/networks/main",
                                                              "subnetwork": f"projects/{self.id}/regions/{self.region}/subnetworks/apps"}]},
                         "containers": [{"image": f"{self.region}-docker.pkg.dev/{self.id}/services/{workload.application}:1.{self.rng.randrange(90)}"}]}})
        self.charge(f"//run.googleapis.com/{name}", name.rsplit("/", 1)[1], "Cloud Run", "Compute", self.rng.uniform(0.5, 70), "vCPU-seconds",
                    "CPU allocation time", labels)

    def cluster(self):
        platform = Workload(TEAM_BY_NAME["platform"], "gateway", self.environment)
        name = f"{platform.short}-{self.region}-kube"
        pools = []
        for pool in ("default-pool", "memory-pool"):
            pools.append({"name": pool, "initialNodeCount": 2, "status": "RUNNING", "version": "1.33.2-gke.1111000",
                          "config": {"machineType": "n2-standard-4", "diskSizeGb": 100, "serviceAccount": self.account_of(self.work[0])}})
        labels = self.labels(platform)
        self.add("container.googleapis.com/Cluster", f"projects/{self.id}/locations/{self.region}/clusters/{name}", {
            "name": name, "network": "main", "subnetwork": "gke", "location": self.region, "zone": self.region, "status": "RUNNING",
            "networkConfig": {"network": f"projects/{self.id}/global/networks/main",
                              "subnetwork": f"projects/{self.id}/regions/{self.region}/subnetworks/gke"},
            "currentMasterVersion": "1.33.2-gke.1111000", "createTime": instant(self.rng) + "+00:00", "nodePools": pools, "resourceLabels": labels,
            "selfLink": f"https://container.googleapis.com/v1/projects/{self.id}/locations/{self.region}/clusters/{name}"})
        self.charge(f"//container.googleapis.com/projects/{self.id}/locations/{self.region}/clusters/{name}", name, "Kubernetes Engine", "Compute",
                    73, "Hours", "Cluster management fee", labels)

    # Output

    def generate(self, output):
        self.foundations()
        self.servers()
        self.data()
        self.services()
        if self.exported:
            output.lines("gcp", f"cloudasset.export.{self.id}", (
                {"name": name, "asset_type": kind, "resource": {
                    "version": "v1", "discovery_name": kind.split("/")[1], "parent": parent, "data": data, "location": self.region},
                 "ancestors": [f"projects/{self.number}", ORGANIZATION], "update_time": "2026-10-30T22:10:41Z"}
                for kind, name, parent, data in self.assets), account_id=self.id, operation="cloudasset.export")
        else:
            self.lists(output)
        return len(self.assets)

    def lists(self, output):
        """The same assets as the list call of each service prints them."""
        def of(kind):
            return [data for listed, _, _, data in self.assets if listed == kind]

        def zonal(kind, plural):
            scopes = {f"zones/{zone}": {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": f"There are no results for scope 'zones/{zone}' on this page."}}
                      for zone in (f"{self.region}-c",)}
            for zone in self.zones:
                scopes[f"zones/{zone}"] = {plural: [data for data in of(kind) if data["zone"].endswith(zone)]}
            return {"id": f"projects/{self.id}/aggregated/{plural}", "items": scopes}

        calls = {
            "cloudresourcemanager.projects.list": {"projects": of("cloudresourcemanager.googleapis.com/Project")},
            "compute.networks.list": {"kind": "compute#networkList", "items": of("compute.googleapis.com/Network")},
            "compute.subnetworks.list": {"kind": "compute#subnetworkList", "items": of("compute.googleapis.com/Subnetwork")},
            "compute.firewalls.list": {"kind": "compute#firewallList", "items": of("compute.googleapis.com/Firewall")},
            "compute.instances.aggregatedList": {"kind": "compute#instanceAggregatedList", **zonal("compute.googleapis.com/Instance", "instances")},
            "compute.disks.aggregatedList": {"kind": "compute#diskAggregatedList", **zonal("compute.googleapis.com/Disk", "disks")},
            "compute.snapshots.list": {"kind": "compute#snapshotList", "items": of("compute.googleapis.com/Snapshot")},
            "storage.buckets.list": {"kind": "storage#buckets", "items": of("storage.googleapis.com/Bucket")},
            "sqladmin.instances.list": {"kind": "sql#instancesList", "items": of("sqladmin.googleapis.com/Instance")},
            "container.clusters.list": {"clusters": of("container.googleapis.com/Cluster")},
            "cloudfunctions.functions.list": {"functions": of("cloudfunctions.googleapis.com/CloudFunction")},
            "run.services.list": {"services": of("run.googleapis.com/Service")},
            "bigquery.datasets.list": {"kind": "bigquery#datasetList", "datasets": of("bigquery.googleapis.com/Dataset")},
            "bigquery.tables.list": {"kind": "bigquery#tableList", "tables": of("bigquery.googleapis.com/Table")},
            "pubsub.topics.list": {"topics": of("pubsub.googleapis.com/Topic")},
            "pubsub.subscriptions.list": {"subscriptions": of("pubsub.googleapis.com/Subscription")},
            "secretmanager.secrets.list": {"secrets": of("secretmanager.googleapis.com/Secret")},
            "iam.serviceAccounts.list": {"accounts": of("iam.googleapis.com/ServiceAccount")},
        }
        for operation, answer in calls.items():
            if any(isinstance(value, (list, dict)) and value for value in answer.values()):
                output.payload("gcp", f"{operation}.{self.id}", answer, account_id=self.id, operation=operation)


def generate(output, charges):
    """Writes all projects and their organization; returns how many resources they hold."""
    output.payload("gcp", "cloudresourcemanager.organizations.search", {"organizations": [{
        "organizationId": ORGANIZATION.split("/")[1], "displayName": "brindlewick.example", "name": ORGANIZATION,
        "owner": {"directoryCustomerId": "C0brw1ck5"}, "creationTime": "2019-05-22T19:28:30.592Z", "lifecycleState": "ACTIVE"}]},
        operation="cloudresourcemanager.organizations.search")
    return 1 + sum(Project(project, charges).generate(output) for project in PROJECTS)
