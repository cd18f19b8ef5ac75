"""The bill: one month of FOCUS 1.2 rows over all three clouds, for the resources of the inventory."""

import csv
import io
import json

from .company import MONTH_END, MONTH_START, dice, hexadecimal

COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountId", "ConsumedQuantity",
    "ConsumedUnit", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingCategory", "ProviderName", "PublisherName",
    "RegionId", "ResourceId", "ResourceName", "ServiceCategory", "ServiceName", "SubAccountId", "SubAccountName", "Tags",
)
ISSUERS = {
    "AWS": ("Amazon Web Services, Inc.", "999988887777", "Brindlewick Outfitters"),
    "Google Cloud": ("Google LLC", "01A2B3-C4D5E6-F7A8B9", "Brindlewick billing"),
    "Microsoft": ("Microsoft Corporation", "8675309:brindlewick", "Brindlewick Outfitters EA"),
}
MIDDLE = "2026-10-16T00:00:00Z"
WHOLE_BELOW = 8.0  # US dollars a month; below it a resource gets one row for the month, above it one for each half
COMMITTED_SHARE = 0.25  # of compute, paid for in advance
COMMITMENT_RATE = 0.66


def money(amount):
    return f"{amount:.6f}"


class Bill:
    def __init__(self):
        self.rng = dice("focus")
        self.rows = 0
        self.text = io.StringIO()
        self.writer = csv.DictWriter(self.text, COLUMNS, lineterminator="\n", restval="")
        self.writer.writeheader()

    def row(self, provider, begin, end, cost, **fields):
        issuer, account, name = ISSUERS[provider]
        self.rows += 1
        self.writer.writerow({
            "BilledCost": money(cost), "EffectiveCost": money(cost), "ListCost": money(cost), "BillingAccountId": account,
            "BillingAccountName": name, "BillingCurrency": "USD", "BillingPeriodStart": MONTH_START, "BillingPeriodEnd": MONTH_END,
            "ChargePeriodStart": begin, "ChargePeriodEnd": end, "ChargeCategory": "Usage", "InvoiceIssuerName": issuer,
            "PricingCategory": "Standard", "ProviderName": provider, "PublisherName": issuer, **fields})

    def usage(self, charge):
        rng = self.rng
        committed = charge.category == "Compute" and charge.unit == "Hours" and rng.random() < COMMITTED_SHARE
        periods = [(MONTH_START, MONTH_END)] if charge.list_cost < WHOLE_BELOW else [(MONTH_START, MIDDLE), (MIDDLE, MONTH_END)]
        for begin, end in periods:
            cost = charge.list_cost / len(periods) * rng.uniform(0.93, 1.07)
            fields = {
                "ChargeDescription": charge.description, "ConsumedUnit": charge.unit, "ConsumedQuantity": f"{rng.uniform(1, 744):.4f}",
                "RegionId": charge.region, "ResourceId": charge.resource_id, "ResourceName": charge.name, "ServiceName": charge.service,
                "ServiceCategory": charge.category, "SubAccountId": charge.account, "SubAccountName": charge.account_name,
                "Tags": json.dumps(dict(charge.tags), separators=(",", ":")) if charge.tags else ""}
            if committed:
                fields.update(PricingCategory="Committed", CommitmentDiscountId=f"{charge.provider.lower().replace(' ', '-')}-compute-2026",
                              BilledCost=money(0), EffectiveCost=money(cost * COMMITMENT_RATE))
            self.row(charge.provider, begin, end, cost, **fields)

    def overheads(self, charges):
        """What no resource carries: commitments, tax, support, credits, and machines that are gone by now."""
        totals = {}
        for charge in charges:
            key = (charge.provider, charge.account, charge.account_name)
            totals[key] = totals.get(key, 0) + charge.list_cost
        for (provider, account, name), total in totals.items():
            for category, description, share, service in (
                ("Purchase", "Compute commitment, monthly fee", 0.09, "Commitments"), ("Tax", "Sales tax", 0.07, "Tax"),
                ("Purchase", "Business support", 0.03, "Support"), ("Credit", "Migration credit", -0.02, "Credits")):
                self.row(provider, MONTH_START, MONTH_END, total * share, ChargeCategory=category, ChargeDescription=description,
                         ServiceName=service, ServiceCategory="Other", SubAccountId=account, SubAccountName=name, PricingCategory="")
        sites = list(dict.fromkeys((charge.account, charge.account_name, charge.region) for charge in charges if charge.provider == "AWS"))
        for _ in range(60):
            account, name, region = self.rng.choice(sites)
            self.row("AWS", MONTH_START, MIDDLE, self.rng.uniform(0.5, 12), ChargeDescription="m6i.large Linux/UNIX instance-hours",
                     ConsumedUnit="Hours", ConsumedQuantity="11.0000", RegionId=region, ResourceId=f"i-0{hexadecimal(self.rng, 16)}",
                     ServiceName="Amazon Elastic Compute Cloud", ServiceCategory="Compute", SubAccountId=account, SubAccountName=name)


def generate(output, charges):
    """Writes the month; returns the number of its rows."""
    bill = Bill()
    for charge in charges:
        bill.usage(charge)
    bill.overheads(charges)
    output.csv("focus.2026-10", bill.text.getvalue())
    return bill.rows
