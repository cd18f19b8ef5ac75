"""Writes the files of the inventory and remembers what the manifest must say of each."""

import json
from pathlib import Path


def _compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _one_item_a_line(payload):
    """JSON that a person can page through and a diff can follow: each member of a top-level list on its own line."""
    lines = []
    for key, value in payload.items():
        if isinstance(value, list) and value:
            body = ",\n".join("    " + _compact(item) for item in value)
            lines.append(f"  {_compact(key)}: [\n{body}\n  ]")
        else:
            lines.append(f"  {_compact(key)}: {_compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


class Output:
    def __init__(self, root):
        self.root = Path(root)
        self.entries = []

    def payload(self, provider, file, payload, **hints):
        self._write(f"inventory/{provider}/{file}.json", _one_item_a_line(payload), f"/ingest/{provider}", hints)

    def lines(self, provider, file, items, **hints):
        text = "".join(_compact(item) + "\n" for item in items)
        self._write(f"inventory/{provider}/{file}.ndjson", text, f"/ingest/{provider}", hints)

    def csv(self, file, text):
        self._write(f"costs/{file}.csv", text, "/ingest/focus", {})

    def _write(self, file, text, endpoint, hints):
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.entries.append((file, endpoint, hints))

    def manifest(self):
        out = ["---", "# Written by generate.py. Which endpoint takes each file, and what the file does not say itself.", "files:"]
        for file, endpoint, hints in self.entries:
            out += [f"  - file: {file}", f"    endpoint: {endpoint}"]
            if hints:
                out.append("    query:")
                out += [f'      {key}: "{value}"' for key, value in hints.items()]
        (self.root / "manifest.yaml").write_text("\n".join(out) + "\n", encoding="utf-8")
