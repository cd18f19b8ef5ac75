#!/usr/bin/env python3
"""Writes the sample inventory of Brindlewick Outfitters: samples/inventory, samples/costs, samples/manifest.yaml.

Seeded, standard library only: the same files, byte for byte, on every run. See README.md beside this file.
"""

import shutil
from pathlib import Path

from generator import aws, azure, focus, gcp
from generator.output import Output


def main():
    here = Path(__file__).resolve().parent
    for directory in ("inventory", "costs"):
        shutil.rmtree(here / directory, ignore_errors=True)
    output = Output(here)
    charges = []
    resources = {cloud.__name__.split(".")[-1]: cloud.generate(output, charges) for cloud in (aws, gcp, azure)}
    rows = focus.generate(output, charges)
    output.manifest()
    size = sum(path.stat().st_size for path in here.rglob("*") if path.suffix in (".json", ".ndjson", ".csv"))
    for cloud, count in resources.items():
        print(f"{cloud:6} {count:6} resources")
    print(f"{sum(resources.values()):13} resources, {rows} cost rows, {len(output.entries)} files, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
