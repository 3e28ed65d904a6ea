"""The house as it is keeps its rules, and each checker notices a house that does not."""

import pytest

from tests.architecture import rules
from worker.sandbox import PASSED_THROUGH


def offences(check):
    return {
        str(path.relative_to(rules.ROOT)): found
        for path in rules.modules()
        if (found := check(path.relative_to(rules.ROOT).parts[0], path.read_text(), rules.package_of(path)))
    }


def templates():
    return [path for path in rules.ROOT.rglob("*.html") if ".venv" not in path.parts and "var" not in path.parts]


# --- 1. the SDK is the worker's ---------------------------------------------------------------------------------


def test_the_sdk_is_imported_under_worker_only():
    assert offences(rules.sdk_outside_the_worker) == {}


@pytest.mark.parametrize(
    "source",
    [
        "import temporalio",
        "from temporalio.client import Client",
        "def late():\n    from temporalio import workflow",
        "if True:\n    import temporalio.worker as w",
    ],
)
def test_an_import_of_the_sdk_elsewhere_would_be_noticed(source):
    assert rules.sdk_outside_the_worker("approvals", source)
    assert not rules.sdk_outside_the_worker("worker", source)


# --- 2. the ground floor is pure --------------------------------------------------------------------------------


def test_the_ground_floor_never_loads_django():
    names = rules.pure_modules()
    assert {"worker.workflows", "worker.steps", "worker.contracts", "worker.registry"} <= set(names)
    assert rules.django_loaded_by(names) == []


def test_django_loaded_by_way_of_another_module_would_be_noticed(tmp_path):
    (tmp_path / "innocent.py").write_text("import helper")
    (tmp_path / "helper.py").write_text("import django.utils.timezone")
    assert "django.utils.timezone" in rules.django_loaded_by(["innocent"], where=tmp_path)


# --- 3. the order of the floors ---------------------------------------------------------------------------------


def test_nothing_is_imported_against_the_order_of_the_floors():
    assert offences(rules.against_the_floors) == {}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("live", "from audit.services import append"),
        ("audit", "import approvals.models"),
        ("audit", "from accounts.outbox import put"),
        ("accounts", "from approvals.models import Request"),
        ("approvals", "def late():\n    from dashboard.queries import roles_of"),
        ("approvals", "from circuits import queries"),
        ("circuits", "from batches.models import Batch"),
        ("worker", "from approvals import services"),
        ("worker", "import live"),
        ("worker", "from dashboard.leaving import leave"),
        ("approvals", "from tests.conftest import person"),
    ],
)
def test_an_import_against_the_floors_would_be_noticed(room, source):
    assert rules.against_the_floors(room, source)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("batches", "from circuits import queries"),
        ("audit", "from live.writes import write"),
        ("approvals", "from accounts.outbox import put"),
        ("dashboard", "from approvals import queries"),
        ("live", "from live import hub"),
        ("worker", "from django.db import connections"),
    ],
)
def test_an_import_along_the_floors_is_let_through(room, source):
    assert not rules.against_the_floors(room, source)


def test_a_relative_import_that_climbs_out_would_be_noticed():
    assert list(rules.imports("from ..audit import services", "live.sub")) == [(1, "live.audit.services")]
    assert list(rules.imports("from . import steps", "worker")) == [(1, "worker.steps")]


def test_the_apps_reach_temporal_through_the_client_alone():
    assert offences(rules.adapters_of_others) == {}


def test_another_way_to_temporal_would_be_noticed():
    assert rules.adapters_of_others("approvals", "from worker.activities import approvals")
    assert rules.adapters_of_others("live", "from worker import running")
    assert not rules.adapters_of_others("live", "from worker import client, registry")


# --- 4. the sandbox stays on ------------------------------------------------------------------------------------


def test_no_module_passed_through_the_sandbox_holds_workflows():
    assert PASSED_THROUGH
    assert [name for name in PASSED_THROUGH if rules.holds_workflows(name)] == []
    assert set(PASSED_THROUGH) <= set(rules.pure_modules())


def test_what_workflows_import_is_not_loaded_again_for_each_run():
    found = {name for path in rules.modules("worker/workflows") for _line, name in rules.imports(path.read_text())}
    ours = {name for name in found if name.startswith("worker.") and not name.startswith("worker.workflows.")}
    passed = tuple(f"{name}." for name in PASSED_THROUGH)
    assert {name for name in ours if not f"{name}.".startswith(passed)} == set()


@pytest.mark.parametrize("name", ["worker", "worker.workflows", "worker.workflows.approval"])
def test_passing_a_module_with_workflows_through_would_be_noticed(name):
    assert rules.holds_workflows(name)


# --- the library knows nothing but itself --------------------------------------------------------------------------


def test_the_library_imports_pythons_own_and_its_sisters_only():
    found = {path.name: rules.beyond_the_library(path.read_text()) for path in rules.modules("worker/resilience")}
    assert len(found) > 10
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    ["import django", "from worker.reading import as_number", "from worker.resilience.pace import Pace",
     "from temporalio import workflow", "from ..reading import as_number", "import os, attr"],
)  # fmt: skip
def test_an_import_beyond_the_library_would_be_noticed(line):
    assert rules.beyond_the_library(line)


@pytest.mark.parametrize("line", ["import asyncio", "from collections.abc import Mapping", "from .pace import Pace"])
def test_what_the_library_may_import_is_let_through(line):
    assert rules.beyond_the_library(line) == []


# --- 5. modules say what they are for, pages carry no code ------------------------------------------------------


def test_every_module_says_what_it_is_for():
    silent = [
        str(path.relative_to(rules.ROOT))
        for path in rules.modules(*rules.HOUSE, "tests")
        if "migrations" not in path.parts and rules.undescribed(path.read_text())
    ]
    assert silent == []


def test_a_silent_module_would_be_noticed():
    assert rules.undescribed("import os\n")
    assert not rules.undescribed('"""What it is for."""\nimport os\n')


def test_no_template_carries_inline_styles_or_scripts():
    found = {str(path): rules.inline_code(path.read_text()) for path in templates()}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "template",
    [
        '<p style="color: red">',
        "<style>p { color: red }</style>",
        "<script>alert(1)</script>",
        '<button class="{{ kind }}" onclick="go()">',
        '<div\n  hx-on:click="go()">',
        '<a href="javascript:go()">',
    ],
)
def test_inline_code_in_a_template_would_be_noticed(template):
    assert rules.inline_code(template)


@pytest.mark.parametrize(
    "template",
    [
        '<script src="{% static "js/app.js" %}" defer></script>',
        '<link rel="stylesheet" href="{% static "css/base.css" %}">',
        '{# style="never" #}<p class="style">on = off</p>',
        '<input name="confirmation" value="{% if a > b %}x{% endif %}">',
    ],
)
def test_what_the_policy_allows_is_let_through(template):
    assert not rules.inline_code(template)
