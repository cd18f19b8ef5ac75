"""Brindlewick Outfitters, a fictional online shop: its teams, what they run, and how badly they tag it."""

import random
from dataclasses import dataclass, field

SEED = "brindlewick-outfitters-1"
MONTH_START, MONTH_END = "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"


def dice(purpose):
    """A generator of its own for each purpose, so that a change in one file leaves the others as they were."""
    return random.Random(f"{SEED}:{purpose}")


@dataclass(frozen=True, eq=False)
class Team:
    name: str
    code: str  # in resource names
    cost_center: str
    people: tuple
    applications: tuple
    keys: dict  # how this team spells the tag keys
    environments: dict  # and the environments


def _keys(environment, owner, team, cost, application, data):
    return {
        "environment": environment, "owner": owner, "team": team,
        "cost-center": cost, "application": application, "data-classification": data,
    }


def _environments(production, staging, development, sandbox):
    return {"production": production, "staging": staging, "development": development, "sandbox": sandbox}


TEAMS = (
    Team("checkout", "chk", "CC-1010", ("mira.okonjo", "felix.brandvold"), ("storefront", "cart", "payments"),
         _keys("Environment", "Owner", "Team", "CostCenter", "Application", "DataClassification"),
         _environments("Production", "Staging", "Development", "Sandbox")),
    Team("catalog", "cat", "CC-1020", ("ines.falkenrath", "toma.wexley"), ("catalog", "search", "recommendations"),
         _keys("env", "owner", "team", "cost-center", "app", "data-class"),
         _environments("prd", "stg", "dev", "sbx")),
    Team("fulfilment", "ful", "CC-1030", ("oskar.pennyroyal",), ("orders", "stock", "shipping"),
         _keys("ENVIRONMENT", "OWNER", "TEAM", "COST_CENTER", "APP", "DATA_CLASSIFICATION"),
         _environments("PROD", "STAGE", "DEV", "SANDBOX")),
    Team("data-platform", "dap", "CC-2010", ("juno.marchetti-bell", "sana.elderbrook"),
         ("warehouse", "clickstream", "features", "reporting"),
         _keys("environment", "owner", "team", "cost_center", "application", "data-classification"),
         _environments("production", "staging", "development", "sandbox")),
    Team("platform", "plt", "CC-2020", ("rune.ashgrove", "dalia.thornquist"), ("gateway", "identity", "telemetry", "builds"),
         _keys("Env", "Owner", "Squad", "Cost Center", "Service", "Data Classification"),
         _environments("prod", "staging", "dev", "sandbox")),
    Team("finance-systems", "fin", "CC-3010", ("petra.holloway-voss",), ("billing", "ledger"),
         _keys("brw:environment", "brw:owner", "brw:team", "brw:cost-center", "brw:application", "brw:data-classification"),
         _environments("production", "preprod", "development", "sandbox")),
    Team("customer-care", "cus", "CC-3020", ("noel.abernathy-quill",), ("helpdesk", "loyalty"),
         _keys("Enviroment", "Owner", "Team", "Costcentre", "Application", "Classification"),
         _environments("Production", "Stage", "Dev", "Sandbox")),
)
TEAM_BY_NAME = {team.name: team for team in TEAMS}

# What people type when they do not look at how the team spells it.
KEY_SLIPS = {
    "environment": ("Enviroment", "env", "Env ", "ENVIRONMENT", "environment", "Environment", "stage", "env_name"),
    "owner": ("Owner", "owner", "Owner ", "owned-by", "OwnerEmail", "contact", "OWNER"),
    "team": ("Team", "team", "squad", "TeamName", "group"),
    "cost-center": ("CostCenter", "cost-center", "Cost Centre", "costcenter", "CC", "cost_centre"),
    "application": ("Application", "app", "App", "Project", "service", "application_name"),
    "data-classification": ("DataClassification", "data_class", "Sensitivity", "classification"),
}
VALUE_SLIPS = {
    "production": ("prod", "prd", "Production", "PROD", "live", "production "),
    "staging": ("stg", "stage", "Staging", "preprod", "uat"),
    "development": ("dev", "Dev", "develop", "DEVELOPMENT", "test"),
    "sandbox": ("sbx", "Sandbox", "playground"),
}
# The share of tagged resources that lack each tag.
MISSING = {
    "environment": 0.14, "owner": 0.22, "team": 0.30, "cost-center": 0.38, "application": 0.20, "data-classification": 0.45,
}
UNTAGGED = 0.09  # nothing but what the provider itself wrote
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")
SHORT = {"production": "prd", "staging": "stg", "development": "dev", "sandbox": "sbx"}


@dataclass(frozen=True)
class Workload:
    """One application of one team in one environment: what its resources' tags ought to say."""

    team: Team
    application: str
    environment: str

    @property
    def short(self):
        return SHORT[self.environment]

    def name(self, role, number=None):
        """The name a resource gets; every third application leaves the environment out of its names."""
        parts = [self.application, role] if len(self.application) % 3 == 0 else [self.short, self.application, role]
        return "-".join(parts + ([f"{number:02d}"] if number is not None else []))

    def classification(self, rng):
        if self.application in ("payments", "identity", "ledger", "billing"):
            return "restricted"
        if self.application in ("orders", "helpdesk", "loyalty", "warehouse", "clickstream"):
            return rng.choice(("confidential", "confidential", "internal"))
        return rng.choice(("internal", "internal", "public"))

    def owner(self, rng):
        """A person, the team's mailbox, the team's name, or the note of someone in a hurry."""
        roll = rng.random()
        if roll < 0.50:
            return f"{rng.choice(self.team.people)}@brindlewick.example"
        if roll < 0.72:
            return f"{self.team.name}@brindlewick.example"
        if roll < 0.90:
            return self.team.name
        return rng.choice(("unknown", "TBD", "ops", "old-infra@brindlewick.example"))


def workloads(environment, teams=None):
    """All applications of the teams, in one environment."""
    return [Workload(team, application, environment)
            for team in TEAMS if teams is None or team.name in teams for application in team.applications]


def messy_tags(rng, workload, name=None, stateful=False, name_key="Name"):
    """The tags people wrote on a resource, as ordered pairs with distinct keys."""
    if rng.random() < UNTAGGED:
        return []
    truth = {
        "environment": workload.environment, "owner": workload.owner(rng), "team": workload.team.name,
        "cost-center": workload.team.cost_center, "application": workload.application,
    }
    if stateful:
        truth["data-classification"] = workload.classification(rng)
    tags = {name_key: name} if name and rng.random() < 0.9 else {}
    for meaning, value in truth.items():
        if rng.random() < MISSING[meaning]:
            continue
        slipped = rng.random() < 0.12
        key = rng.choice(KEY_SLIPS[meaning]) if slipped else workload.team.keys[meaning]
        if meaning == "environment":
            value = rng.choice(VALUE_SLIPS[value]) if rng.random() < 0.12 else workload.team.environments[value]
        if meaning == "cost-center" and rng.random() < 0.1:
            value = rng.choice((value.replace("-", ""), value.lower(), value[3:], "n/a"))
        tags.setdefault(key, value)
    for key, value, share in (
        ("terraform", "true", 0.30), ("ManagedBy", "terraform", 0.10), ("Schedule", "office-hours", 0.04),
        ("ticket", f"OPS-{rng.randrange(100, 9999)}", 0.05), ("delete-after", "2026-12-31", 0.02), ("backup", "daily", 0.06),
    ):
        if rng.random() < share:
            tags[key] = value
    return list(tags.items())


@dataclass(frozen=True)
class Charge:
    """What one resource costs in the month, in US dollars at list price."""

    provider: str
    account: str
    account_name: str
    region: str
    resource_id: str
    name: str
    service: str
    category: str
    list_cost: float
    unit: str
    description: str
    tags: tuple = field(default=())


def hexadecimal(rng, digits):
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def instant(rng, first_year=2023, last_year=2026):
    """A moment before the end of the month, as the parts of a date."""
    year = rng.randint(first_year, last_year)
    month = rng.randint(1, 10 if year == 2026 else 12)
    return f"{year}-{month:02d}-{rng.randint(1, 28):02d}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"


def guid(rng):
    digits = hexadecimal(rng, 32)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
