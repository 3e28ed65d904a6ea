"""The demo as anybody starts it: its circuit in a browser, broken and mended in a second window that nobody touches.

Then what `up` does with it: its service is a child like the others, started, looked after, ended with them.
"""

import json
import signal
import subprocess

import pytest

from dashboard.up import ports
from tests import readymade
from tests.browser.test_the_way import browser, expect, window  # noqa: F401
from tests.browser.test_the_way import pytestmark as in_browsers
from tests.readymade import PASSWORD
from tests.up.running import Up, alive, until

pytestmark, in_a_browser = in_browsers


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "data"


def begin(data):
    return Up(data, demo=True, LEITSTAND_DEMO_PASSWORD=PASSWORD, **readymade.statics())


@pytest.fixture(scope="module")
def up(data):
    readymade.tables(data)
    running = begin(data)
    try:
        yield running.ready()
    finally:
        running.end()


def look(page, up, circuit="recommendations"):
    page.goto(f"http://127.0.0.1:{up.port}/circuits/{circuit}/")
    return page


@in_a_browser
def test_anybody_can_watch_a_circuit_open_hold_try_and_close(up, window):  # noqa: F811
    olga, rita = look(window("olga"), up), look(window("rita"), up)
    for page in (olga, rita):
        expect(page.locator("h1")).to_contain_text("is closed")
        expect(page.locator("#demo-service")).to_contain_text("calls arrived in the last 10 s, from one process")
    olga.click("button[value=break]")
    expect(olga.locator("#demo-service [data-receipt]")).to_contain_text("Watch the circuit open.")
    expect(olga.locator("#demo-service [data-receipt]")).to_be_focused()
    for page in (olga, rita):
        expect(page.locator("h1")).to_contain_text("is open")
        expect(page.locator("#demo-service")).to_contain_text("Set by olga")
        expect(page.locator("main")).to_contain_text("503 upstream connect error")
        expect(page.locator("#demo-service")).to_contain_text("No call has arrived in the last 10 s.")
    expect(rita.locator("main")).to_contain_text("“rules” serves")
    expect(rita.locator("button[value=break]")).to_have_count(0)
    olga.click("button[value=mend]")
    for page in (olga, rita):
        expect(page.locator("h1")).to_contain_text("is closed")
        expect(page.locator("main")).to_contain_text("2 trials went well")


@in_a_browser
def test_what_cannot_be_set_is_told_where_it_was_typed(up, window):  # noqa: F811
    olga = look(window("olga"), up, "payments")
    olga.click("#demo-service summary")
    olga.fill("#id_demo_percent", "250")
    olga.keyboard.press("Enter")  # sets it; never the first button of the panel, which breaks it
    expect(olga.locator("#demo-service .errorlist")).to_contain_text("less than or equal to 100")
    expect(olga.locator("#id_demo_percent")).to_be_focused()
    expect(olga.locator("#id_demo_percent")).to_have_value("250")
    olga.fill("#id_demo_percent", "3.5")
    olga.keyboard.press("Enter")
    expect(olga.locator("#demo-service")).to_contain_text("3.5 % of calls fail.")


@in_a_browser
def test_without_javascript_it_is_broken_and_mended_too(up, window):  # noqa: F811
    olga = look(window("olga", java_script_enabled=False), up, "fx-rates")
    olga.click("button[value=break]")
    expect(olga.locator(".messages")).to_contain_text("Broken: every call fails from now on.")
    olga.click("button[value=mend]")
    expect(olga.locator(".messages")).to_contain_text("it is answering again")
    expect(olga.locator("#demo-service")).to_contain_text("It answers every call.")


@in_a_browser
def test_on_a_phone_nothing_of_it_is_wider_than_the_page(up, window):  # noqa: F811
    olga = look(window("olga", viewport={"width": 390, "height": 800}), up)
    olga.click("#demo-service summary")
    widths = olga.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def port_of(up):
    return int(json.loads((up.data / "ports.json").read_text())["demo"])


def lanes(up):
    """How many lanes of traffic the run has begun; 0 where there is none."""
    command = ("workflow", "query", "--workflow-id", "demo-traffic", "--type", "get_traffic", "--output", "json")
    return int(json.loads(up.temporal(*command))["queryResult"][0]["lanes"])


def test_its_service_is_a_child_and_answers(up):
    assert set(up.children()) == {"temporal", "worker", "web", "demo"}
    assert ports.answers(port_of(up))
    assert (up.data / "logs" / "demo_service.log").exists()


def test_its_traffic_has_begun(up):
    until(lambda: lanes(up) > 0, "lanes of traffic")


def test_killed_it_is_started_again_on_the_same_port(up):
    killed, port = up.child("demo"), port_of(up)
    subprocess.run(["kill", "-9", str(killed)], check=True)
    up.hears("The demo's service has stopped (killed by signal 9")
    until(lambda: up.children().get("demo", killed) != killed, "another one")
    until(lambda: ports.answers(port), "it to answer again")


def test_it_ends_with_the_others(up):
    children = up.children().values()
    assert len(children) == 4
    up.process.send_signal(signal.SIGTERM)
    assert up.ended() == 0
    assert "Everything has stopped." in up.said
    assert [pid for pid in children if alive(pid)] == []


def test_started_again_the_traffic_goes_on_by_itself(up, data):
    again = begin(data)
    try:
        again.ready()
        assert "Loading the demo." not in again.lines
        before = until(lambda: lanes(again), "the traffic to answer")
        until(lambda: lanes(again) != before, "another lane, or another run")
    finally:
        again.end()


def test_without_the_demo_on_the_same_folder_there_is_none_of_it(up, data):
    plain = Up(data, **readymade.statics())
    try:
        plain.ready()
        assert set(plain.children()) == {"temporal", "worker", "web"}
        assert "demo" not in json.loads((data / "ports.json").read_text())
        ended = ("workflow", "describe", "--workflow-id", "demo-traffic", "--output", "json")
        until(lambda: "STATUS_COMPLETED" in plain.temporal(*ended), "the traffic to end, for nobody has its jobs")
    finally:
        plain.end()
