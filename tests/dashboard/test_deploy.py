"""What is shipped for Prometheus and Grafana asks for nothing that is not there: each metric, label and value."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from temporalio import bridge

from approvals.drift import Reconciliation
from circuits import subjects
from circuits.models import Circuit
from live.counting import count
from live.models import Pulse
from live.writes import write
from tests.architecture.rules import ROOT
from tests.dashboard.test_metrics import read, temporal  # noqa: F401  (a fixture, found by its name here)

ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS = [
    panel
    for panel in json.loads((ROOT / "deploy/grafana/leitstand.json").read_text())["panels"]
    if panel["type"] != "row"
]
EXPRESSIONS = {
    **{rule["alert"]: rule["expr"] for rule in ALERTS},
    **{f"{panel['title']} {each['refId']}": each["expr"] for panel in PANELS for each in panel["targets"]},
}
SELECTOR = re.compile(r"\b((?:leitstand|temporal|process)_[a-z_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!=|=)\s*"([\w|-]*)"')
"""A value, or several with | between them; other patterns are left to themselves."""
SDK = next(Path(bridge.__file__).parent.glob("temporal_sdk_bridge*.so")).read_bytes()


@pytest.fixture
def exported(client, db):
    """Of each metric that a site in use shows: the values of each of its labels."""
    now = timezone.now()
    Pulse.objects.create(worker="w", host="h", pid=1, queues="leitstand", started_at=now, at=now, temporal_at=now)
    Reconciliation.objects.create(at=now)
    kept = {"state": {"totals": {"fallback": {"rules": 3}}}}
    Circuit.objects.create(service="payments", written_at=now, last_report_at=now, kept=kept)
    with write():
        count("refusals", code="not_holder")
    client.get("/accounts/login/")
    found = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families(read(client)):
        for sample in family.samples:
            found[sample.name]["__name__"].add(sample.name)
            for label, value in sample.labels.items():
                found[sample.name][label].add(value)
    return found


def missing(expression, exported):
    """What an expression asks for in vain."""
    selected = SELECTOR.findall(expression)
    ours = [(name, inside) for name, inside in selected if not name.startswith("temporal_")]
    gone = [name for name, _inside in ours if name not in exported]
    gone += [
        name for name, _ in selected if name not in dict(ours) and name.removeprefix("temporal_").encode() not in SDK
    ]
    for name, inside in ours:
        for label, values in MATCHER.findall(inside):
            gone += [f"{name}{{{label}={each}}}" for each in values.split("|") if each not in exported[name][label]]
    if len(ours) == len(selected):
        grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
        gone += [f"by {label}" for label in grouped if not any(label in exported[name] for name, _ in ours)]
    return gone


def test_each_metric_that_is_asked_for_is_exported_with_its_labels_and_values(exported):
    assert len(EXPRESSIONS) > 50
    assert all(SELECTOR.search(expression) for expression in EXPRESSIONS.values())
    gone = {title: found for title, expression in EXPRESSIONS.items() if (found := missing(expression, exported))}
    assert gone == {}


@pytest.mark.parametrize(
    "expression",
    [
        "max(leitstand_workers_living) == 0",
        'leitstand_requests_open{status="stuck"}',
        'leitstand_circuit_state{state=~"open|ajar"}',
        "sum by (queue) (leitstand_workers_alive)",
        "temporal_worker_task_slots_free",
    ],
)
def test_what_is_not_exported_would_be_noticed(exported, expression):
    assert missing(expression, exported)


def test_whatever_ops_are_told_of_for_a_while_is_an_alert():
    told = {kind for rule in ALERTS for kind in re.findall(r'leitstand_episodes_open\{kind="([\w-]+)"', rule["expr"])}
    by_metrics_of_their_own = {"circuit": "leitstand_circuit_state", "worker": "leitstand_workers_alive"}
    assert told | by_metrics_of_their_own.keys() == set(subjects.lasting())
    for metric in by_metrics_of_their_own.values():
        assert any(metric in rule["expr"] for rule in ALERTS)


def test_an_alert_says_what_it_is_and_no_panel_lies_on_another():
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] for rule in ALERTS)
    places = [panel["gridPos"] for panel in PANELS]
    taken = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _y in taken) < 24
