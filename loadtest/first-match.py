"""One scan of DuckDB over the resources of `vtag-bench rules`, with its rules as a CASE whose first match counts.

Reads DIRECTORY/resources.csv and DIRECTORY/statement.sql. Writes one JSON object: the seconds of the fastest of three scans with
two threads, the table being in memory, and how many resources each rule won (0: none).
"""

import json
import pathlib
import sys
import time

import duckdb

ROUNDS = 3
THREADS = 2

directory = pathlib.Path(sys.argv[1])
database = duckdb.connect(":memory:", config={"threads": THREADS})
database.execute(
    "CREATE TABLE resources AS SELECT * FROM read_csv(?, header = true, all_varchar = true, nullstr = '\\N', quote = '\"')",
    [str(directory / "resources.csv")],
)
statement = (directory / "statement.sql").read_text()
seconds = []
rows = []
for _ in range(ROUNDS):
    start = time.monotonic()
    rows = database.execute(statement).fetchall()
    seconds.append(time.monotonic() - start)
winners = {str(winner or 0): count for winner, count in rows}
print(json.dumps({"seconds": min(seconds), "winners": winners, "version": duckdb.__version__}))
