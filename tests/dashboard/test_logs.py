"""Logs in the form that a collector takes apart."""

import json
import logging
import os
import subprocess
import sys

from dashboard.logs import Json
from tests.architecture.rules import ROOT
from worker.lines import NamesTheRun, name


def test_a_line_of_json_has_what_was_said_and_each_id_by_its_name():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("any", logging.INFO, __file__, 1, "%s waits", ("Müller\n",), sys.exc_info())
    record.temporal_activity = {"workflow_id": "approval-1", "workflow_run_id": "run-1"}
    for _ in range(2):
        NamesTheRun().filter(record)
        name(record, trace_id="7f", span_id="3a")
    assert record.getMessage() == "Müller\n waits [workflow_id=approval-1 run_id=run-1] [trace_id=7f span_id=3a]"
    written = Json().format(record)
    line = json.loads(written)
    assert "\n" not in written
    assert line.pop("time").endswith("+00:00")
    assert line.pop("exception").endswith("ValueError: two\nlines")
    assert line == {
        "level": "INFO",
        "logger": "any",
        "process": os.getpid(),
        "message": "Müller\n waits",
        "workflow_id": "approval-1",
        "run_id": "run-1",
        "trace_id": "7f",
        "span_id": "3a",
    }


def began(form):
    """A web server's logs as they are set up: its own first, then ours."""
    probe = """
import logging, logging.config, uvicorn.config
logging.config.dictConfig(uvicorn.config.LOGGING_CONFIG)
import django; django.setup()
logging.getLogger("approvals").warning("late")
logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/", "1.1", 200)
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "LEITSTAND_LOG_FORMAT": form}
    return subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_in_json_the_web_servers_own_lines_are_json_too():
    lines = [json.loads(line) for line in began("json").stderr.splitlines()]
    assert [line["message"] for line in lines] == ["late", '1.2.3.4:5 - "GET / HTTP/1.1" 200']


def test_a_form_that_there_is_not_is_refused_by_name():
    assert "LEITSTAND_LOG_FORMAT is 'xml': it may be line or json." in began("xml").stderr
