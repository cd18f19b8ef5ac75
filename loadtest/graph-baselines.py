"""Distinct k-hop counts by other engines, over the edges of `vtag-bench graph`.

graph-baselines.py DIRECTORY NODES START... reads DIRECTORY/edges.csv ("start,end" a line; nodes are 0 to NODES - 1) and writes one
JSON array: for each engine its name, version, the median seconds of one count and the sum of all counts, by hops. Needs the
packages falkordblite (Python 3.12 or later), kuzu, networkx, igraph and psycopg2-binary, and PostgreSQL's programs; an engine
that cannot be had is named on standard error and left out. Every engine is asked for all starts once before it is measured.
"""

import contextlib
import csv
import importlib.metadata
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HOPS = (1, 2, 3, 4)
# A start that took longer than this is the last one of its hops.
SECONDS_MAX = 5.0


def measure(count, starts):
    """Median seconds and sum of counts by hops; `count(start, hops)`. Hops that took too long have no figures."""
    seconds, counts = {}, {}
    for hops in HOPS:
        begin = time.monotonic()
        count(starts[0], hops)
        if time.monotonic() - begin > SECONDS_MAX:
            break
        times, total = [], 0
        for start in starts:
            begin = time.perf_counter()
            total += count(start, hops)
            times.append(time.perf_counter() - begin)
        seconds[hops], counts[hops] = statistics.median(times), total
    return {"seconds": seconds, "counts": counts}


def falkordb(directory, edges, nodes, starts):
    from redislite.falkordb_client import FalkorDB

    database = FalkorDB(str(directory / "falkor.db"))
    try:
        graph = database.select_graph("random")
        # Numbers of nodes count from 0 in the order of creation: finding one by number is the quickest way there is.
        graph.query("UNWIND range(0, $n) AS i CREATE (:N {id: i})", {"n": nodes - 1})
        for first in range(0, len(edges), 5_000):
            pairs = [list(edge) for edge in edges[first : first + 5_000]]
            graph.query(
                "UNWIND $e AS e MATCH (a) WHERE ID(a) = e[0] MATCH (b) WHERE ID(b) = e[1] CREATE (a)-[:T]->(b)", {"e": pairs}
            )

        def count(start, hops):
            query = f"MATCH (a)-[:T*1..{hops}]->(b) WHERE ID(a) = $s RETURN count(DISTINCT b)"
            return graph.ro_query(query, {"s": start}).result_set[0][0]

        return measure(count, starts)
    finally:
        with contextlib.suppress(Exception):
            database.close()


def kuzu(directory, edges, nodes, starts):
    import kuzu as engine

    connection = engine.Connection(engine.Database(str(directory / "kuzu")), num_threads=2)
    connection.execute("CREATE NODE TABLE N(id INT64, PRIMARY KEY(id))")
    connection.execute("CREATE REL TABLE T(FROM N TO N)")
    table = directory / "nodes.csv"
    table.write_text("\n".join(map(str, range(nodes))) + "\n")
    connection.execute(f'COPY N FROM "{table}" (HEADER=false)')
    connection.execute(f'COPY T FROM "{directory / "edges.csv"}" (HEADER=false)')

    def count(start, hops):
        query = f"MATCH (a:N)-[:T* SHORTEST 1..{hops}]->(b:N) WHERE a.id = $s RETURN count(DISTINCT b.id)"
        return connection.execute(query, {"s": start}).get_next()[0]

    return measure(count, starts)


def networkx(directory, edges, nodes, starts):
    import networkx as engine

    graph = engine.MultiDiGraph()
    graph.add_nodes_from(range(nodes))
    graph.add_edges_from(edges)
    return measure(lambda start, hops: len(engine.single_source_shortest_path_length(graph, start, cutoff=hops)) - 1, starts)


def igraph(directory, edges, nodes, starts):
    import igraph as engine

    graph = engine.Graph(n=nodes, edges=edges, directed=True)
    return measure(lambda start, hops: graph.neighborhood_size(start, order=hops, mode="out") - 1, starts)


def postgres_programs():
    return max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def postgresql(directory, edges, nodes, starts):
    import psycopg2

    programs = postgres_programs()
    home = pathlib.Path(tempfile.mkdtemp(prefix="graph-postgresql.", dir=directory))
    # PostgreSQL refuses to run as root.
    prefix = []
    if os.geteuid() == 0:
        shutil.chown(home, "nobody", "nogroup")
        prefix = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        for parent in [directory, *directory.parents]:
            if parent.owner() == "root" and parent.stat().st_mode & 0o001 == 0:
                parent.chmod(parent.stat().st_mode | 0o001)
    quiet = {"stdout": subprocess.DEVNULL, "check": True}
    subprocess.run([*prefix, programs / "initdb", "-D", home / "data", "-U", "bench", "-A", "trust"], **quiet)
    options = f"-k {home} -c listen_addresses='' -c fsync=off -c shared_buffers=512MB -c jit=off"
    control = [*prefix, programs / "pg_ctl", "-D", home / "data", "-w"]
    subprocess.run([*control, "-l", home / "log", "-o", options, "start"], **quiet)
    try:
        with contextlib.closing(psycopg2.connect(host=str(home), user="bench", dbname="postgres")) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE edges(src int, dst int)")
            with open(directory / "edges.csv") as table:
                cursor.copy_expert("COPY edges FROM STDIN CSV", table)
            cursor.execute("CREATE INDEX ON edges(src, dst)")
            cursor.execute("VACUUM ANALYZE edges")

            def count(start, hops):
                cursor.execute(
                    """WITH RECURSIVE walk(node, depth) AS (
                           SELECT %s, 0 UNION
                           SELECT e.dst, w.depth + 1 FROM walk w JOIN edges e ON e.src = w.node WHERE w.depth < %s)
                       SELECT count(DISTINCT node) FROM walk WHERE depth > 0""",
                    (start, hops),
                )
                return cursor.fetchone()[0]

            return measure(count, starts)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


ENGINES = (
    ("FalkorDB", falkordb, "falkordblite"),
    ("Kuzu", kuzu, "kuzu"),
    ("networkx", networkx, "networkx"),
    ("igraph", igraph, "igraph"),
    ("recursive CTE of PostgreSQL", postgresql, None),
)


def version(package):
    if package:
        return importlib.metadata.version(package)
    return subprocess.run([postgres_programs() / "postgres", "--version"], capture_output=True, text=True).stdout.split()[2]


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    nodes, *starts = map(int, sys.argv[2:])
    with open(directory / "edges.csv", newline="") as table:
        edges = [(int(start), int(end)) for start, end in csv.reader(table)]
    found = []
    for name, engine, package in ENGINES:
        try:
            found.append({"name": name, "version": version(package), **engine(directory, edges, nodes, starts)})
        except Exception as error:  # Whatever keeps one engine from running must not take the others' figures.
            print(f"graph-baselines: no {name}: {type(error).__name__}: {error}", file=sys.stderr)
    print(json.dumps(found))


main()
