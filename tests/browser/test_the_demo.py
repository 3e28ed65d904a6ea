"""The demo's circuit in a real browser: broken and mended on its page, in a second window that nobody touches."""

import pytest

from tests import readymade
from tests.browser.test_the_way import _heed, browser, expect, pytestmark, window  # noqa: F401
from tests.trouble.people import PASSWORD
from tests.up.running import Up


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    running = Up(
        tmp_path_factory.mktemp("browser") / "data",
        demo=True,
        LEITSTAND_DEMO_PASSWORD=PASSWORD,
        **readymade.statics(),
    )
    try:
        yield running.ready()
    finally:
        running.end()


def look(page, up, circuit="recommendations"):
    page.goto(f"http://127.0.0.1:{up.port}/circuits/{circuit}/")
    return page


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


def test_without_javascript_it_is_broken_and_mended_too(up, window):  # noqa: F811
    olga = look(window("olga", java_script_enabled=False), up, "fx-rates")
    olga.click("button[value=break]")
    expect(olga.locator(".messages")).to_contain_text("Broken: every call fails from now on.")
    olga.click("button[value=mend]")
    expect(olga.locator(".messages")).to_contain_text("it is answering again")
    expect(olga.locator("#demo-service")).to_contain_text("It answers every call.")


def test_on_a_phone_nothing_of_it_is_wider_than_the_page(up, window):  # noqa: F811
    olga = look(window("olga", viewport={"width": 390, "height": 800}), up)
    olga.click("#demo-service summary")
    widths = olga.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
