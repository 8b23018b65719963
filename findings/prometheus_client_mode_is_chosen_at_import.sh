#!/usr/bin/env bash
# One would expect: PROMETHEUS_MULTIPROC_DIR has to be set before the first metric is made.
# What happens: it has to be set before `prometheus_client` is imported, by anybody. A library that
#   imports it earlier, or a program that makes the folder first and sets the variable then, gets
#   metrics of this process only. There is no warning: /metrics then shows the counts of whichever
#   worker answers, and a counter goes down from one scrape to the next.
# Seen with: prometheus-client 0.26.0, Python 3.11.
# Why it matters: workers are processes. Half of the calls would be missing, at random.
# What the portal does: portal/metrics/shared_folder.py sets the variable in the parent, before a
#   worker starts, and imports the library only in workers.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check prometheus-client==0.26.0
for order in before after; do
    mkdir "$dir/$order"
    ORDER=$order FOLDER="$dir/$order" "$dir/venv/bin/python" - <<'PY'
import os
from importlib.metadata import version

order, folder = os.environ["ORDER"], os.environ["FOLDER"]
if order == "before":
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
import prometheus_client

# In both cases: set before the first metric is made.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

Counter("calls", "Calls of this worker.").inc(3)
registry = CollectorRegistry()
MultiProcessCollector(registry)
text = generate_latest(registry).decode()
lines = [line for line in text.splitlines() if line.startswith("calls_total")]
print(f"prometheus-client {version('prometheus-client')}: variable set {order} the import,"
      f" before the first metric: {lines}, files: {len(os.listdir(folder))}")
assert lines == (["calls_total 3.0"] if order == "before" else []), text
PY
done
