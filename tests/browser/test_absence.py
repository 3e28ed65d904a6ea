"""An absence in a real browser: set by keyboard, live in the stand-in's inbox; set and ended without JavaScript."""

from datetime import UTC, datetime, timedelta

from tests.browser.test_the_way import _heed, approve, ask, browser, expect, pytestmark, up, window  # noqa: F401

TODAY = datetime.now(UTC).date()


def test_a_stand_in_is_named_by_keyboard_and_sees_at_once_what_waits(up, window):  # noqa: F811
    site = f"http://127.0.0.1:{up.port}"
    rita, maria, dirk = window("rita"), window("maria"), window("dirk")
    address = ask(rita, up, "Three ladders", "900")
    dirk.goto(f"{site}/approvals/")
    expect(dirk.locator(".inbox h1")).to_contain_text("Nothing waits for you")

    maria.goto(f"{site}/approvals/absence/")
    maria.locator("#id_who").focus()
    maria.keyboard.type("dirk")
    maria.locator("#id_from_day").fill(str(TODAY))
    maria.locator("#id_until_day").fill(str(TODAY + timedelta(days=2)))
    maria.locator("#id_until_day").press("Enter")
    expect(maria.locator("h1")).to_contain_text("Shall Dirk Holm stand in for you?")
    expect(maria.locator("main")).to_contain_text("1 of 1 that wait now would reach Dirk Holm at once.")
    expect(maria.locator("[name=confirmed]")).to_be_focused()
    maria.keyboard.press("Enter")
    expect(maria.locator(".messages")).to_contain_text("Dirk Holm stands in for you")

    expect(dirk.locator(".inbox h1")).to_contain_text("One request waits for you")  # by itself
    dirk.goto(address)
    panel = dirk.locator("#decide")
    expect(panel).to_contain_text("Decide as manager, for Maria Berg")
    expect(panel).to_contain_text("Who else could decide now: Maria Berg, Peter Holt")
    panel.locator(".rules > summary").focus()
    dirk.keyboard.press("Enter")
    expect(panel.locator(".rule-ok").first).to_be_visible()
    approve(dirk)
    expect(dirk.locator("#receipt")).to_contain_text("Recorded.")
    expect(rita.locator(".history")).to_contain_text("Dirk Holm for Maria Berg approved as manager")
    expect(rita.locator(".chain")).to_contain_text("Dirk Holm for Maria Berg")


def test_it_is_set_and_ended_without_javascript(up, window):  # noqa: F811
    site = f"http://127.0.0.1:{up.port}"
    vera = window("vera", java_script_enabled=False, viewport={"width": 390, "height": 844})
    vera.goto(f"{site}/approvals/absence/")
    vera.locator("#id_who").fill("nobody at all")
    vera.locator("#id_from_day").fill(str(TODAY + timedelta(days=1)))
    vera.locator("#id_until_day").fill(str(TODAY + timedelta(days=3)))
    vera.get_by_role("button", name="See what it would mean").click()
    expect(vera.locator("#id_who_error")).to_contain_text("Nobody here is called “nobody at all”.")
    expect(vera.locator("#id_from_day")).to_have_value(str(TODAY + timedelta(days=1)))
    vera.locator("#id_who").fill("Rita Lang")
    vera.get_by_role("button", name="See what it would mean").click()
    vera.get_by_role("button", name="Back").click()
    expect(vera.locator("#id_who")).to_have_value("Rita Lang")
    vera.get_by_role("button", name="See what it would mean").click()
    vera.get_by_role("button", name="Yes, save it").click()
    expect(vera.locator(".absences")).to_contain_text("Begins later")
    vera.get_by_role("link", name="Cancel it").click()
    vera.get_by_role("button", name="Yes, end it").click()
    expect(vera.locator(".messages")).to_contain_text("Rita Lang does not stand in any more")
    assert vera.evaluate("document.documentElement.scrollWidth") <= 390
