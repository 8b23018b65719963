"""The dashboard and the alerts in docs/monitoring/ are valid, and use what `/metrics` shows."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.metrics.names import ALL, Kind, Metric
from tests.serving import ROOT

MONITORING = ROOT / "docs" / "monitoring"
ALERTS = MONITORING / "alerts.yml"
DASHBOARD = MONITORING / "grafana-dashboard.json"
FIRED = Path(__file__).parent / "alerts_test.yml"
#: What Prometheus itself says of a target, and of an alert.
ITS_OWN = {"up"}


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def series_of(metric: Metric) -> set[str]:
    if metric.kind is Kind.HISTOGRAM:
        return {f"{metric.name}_{each}" for each in ("bucket", "sum", "count")}
    return {metric.name}


SERIES = {name: metric for metric in ALL for name in series_of(metric)}


def used_in(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each series of an expression, and the labels by which it is chosen."""
    for name, _, labels in re.findall(r"\b(portal_\w+|up)\b(\{([^}]*)\})?", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))


def grouped_by(expression: str) -> set[str]:
    words = re.findall(r"\bby\s*\(([^)]*)\)", expression)
    return {word.strip() for each in words for word in each.split(",")}


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def panels() -> list[dict[str, Any]]:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [each for each in dashboard["panels"] if each["type"] != "row"]


def expressions() -> list[tuple[str, str]]:
    found = [(rule["alert"], rule["expr"]) for rule in rules()]
    for panel in panels():
        found += [(panel["title"], target["expr"]) for target in panel["targets"]]
    return found


def test_promtool_accepts_the_alerts() -> None:
    promtool("check", "rules", ALERTS)


def test_each_alert_fires_and_is_silent_while_all_is_well() -> None:
    promtool("test", "rules", FIRED)
    fired = FIRED.read_text(encoding="utf-8")
    assert [rule["alert"] for rule in rules() if f'"{rule["alert"]}"' not in fired] == []


def test_promtool_accepts_each_query_of_the_dashboard(tmp_path: Path) -> None:
    queries = [target["expr"] for panel in panels() for target in panel["targets"]]
    assert queries
    group = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries)
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": group}]}))
    promtool("check", "rules", file)


@pytest.mark.parametrize(("title", "expression"), expressions())
def test_they_use_only_what_there_is(title: str, expression: str) -> None:
    used = list(used_in(expression))
    assert used, title
    for name, labels in used:
        assert name in SERIES.keys() | ITS_OWN, title
        own = set(SERIES[name].labels) if name in SERIES else set()
        assert labels <= own | {"job", "instance"}, title
    all_labels = {label for name, _ in used if name in SERIES for label in SERIES[name].labels}
    assert grouped_by(expression) <= all_labels | {"le"}, title


def test_the_dashboard_shows_every_metric() -> None:
    shown = {name for _, expression in expressions() for name, _ in used_in(expression)}
    assert [metric.name for metric in ALL if not series_of(metric) & shown] == []


def test_each_alert_says_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "action"}


def test_the_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    ids = [each["id"] for each in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    cells = [
        (x, y)
        for each in dashboard["panels"]
        for x in range(each["gridPos"]["x"], each["gridPos"]["x"] + each["gridPos"]["w"])
        for y in range(each["gridPos"]["y"], each["gridPos"]["y"] + each["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert all(x < 24 for x, _ in cells)


def test_the_docs_name_every_metric() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    for metric in ALL:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{metric.name}` | {labels} |" in text
