"""A batch is steered in a real browser: by keyboard alone, before others' eyes, and without JavaScript."""

import json
import re
import uuid

from tests.browser.test_the_way import browser, expect, pytestmark, up, window  # noqa: F401
from tests.circuits.test_browser_circuits import answered, count_answers


def begin(up, **spec):  # noqa: F811
    """A batch that would go on for a day; the address of its page."""
    name = str(uuid.uuid4())
    pace = {"kind": "token_bucket", "limit": 5, "per_seconds": 1}
    given = {"title": "March invoices", "job": "echo", "source": {"items": list(range(9_000))}, "chunk_size": 1,
             "pace": pace, **spec}  # fmt: skip
    about = ["--type", "BatchWorkflow", "--task-queue", "leitstand", "--workflow-id", f"batch-{name}"]
    up.temporal("workflow", "start", *about, "--input", json.dumps(given))
    return f"http://127.0.0.1:{up.port}/batches/{name}/"


def shown(page, address, state="Running"):
    """Until its row is there: it is begun by a worker."""
    for _ in range(100):
        page.goto(address)
        if page.locator("h1").text_content() == "March invoices":
            break
        page.wait_for_timeout(100)
    expect(page.locator(".batch-top")).to_contain_text(state)


def succeeded(page):
    return page.locator(".legend").first.text_content()


def test_by_keyboard_alone_it_is_paused_retuned_resumed_and_cancelled_before_others_eyes(up, window):  # noqa: F811
    address = begin(up)
    olga, rita = window("olga"), window("rita")
    shown(olga, address)
    shown(rita, address)
    assert rita.locator("#order, .controls").count() == 0
    count_answers(olga)
    olga.focus("#choose-pause")
    before = succeeded(olga)
    expect(olga.locator(".legend").first).not_to_have_text(before)  # numbers move, and no button is taken away
    expect(olga.locator("#choose-pause")).to_be_focused()
    olga.keyboard.press("Enter")
    answered(olga, 1)
    expect(olga.locator("#order-reason")).to_be_focused()
    olga.keyboard.press("Tab")
    olga.keyboard.press("Enter")
    expect(olga.locator("#order")).to_contain_text("Say why: whoever looks next has to know.")
    answered(olga, 2)
    expect(olga.locator("#order-reason")).to_be_focused()
    olga.keyboard.type("The bank asked us to wait")
    olga.keyboard.press("Tab")
    olga.keyboard.press("Enter")
    expect(olga.locator("#receipt")).to_contain_text("Recorded. Nothing new is begun; what runs ends.")
    expect(olga.locator("#receipt")).to_be_focused()
    for page in (olga, rita):  # nobody has touched rita's window
        expect(page.locator(".batch-top")).to_contain_text("Paused")
        expect(page.locator("body")).to_contain_text("“The bank asked us to wait”")

    olga.click("#choose-limits")
    expect(olga.locator("#order-max_parallel")).to_be_focused()
    assert olga.input_value("#order-pace-0-limit") == "5"
    olga.fill("#order-max_parallel", "3")
    olga.fill("#order-pace-0-limit", "50")
    olga.click("#order .go")
    expect(olga.locator(".differences")).to_contain_text("50 in 1 s on average")
    olga.click("[name=confirmed]")
    expect(olga.locator("#receipt")).to_contain_text("The new limits are in force.")
    expect(rita.locator("body")).to_contain_text("3 chunks at once instead of 10, a pace of 50 in 1 s")

    olga.click("#choose-resume")
    olga.click("#order .go")
    expect(olga.locator("#receipt")).to_contain_text("Recorded. It goes on.")
    expect(rita.locator(".batch-top")).to_contain_text("Running")

    olga.click("#choose-cancel")
    olga.fill("#order-reason", "It is the wrong file")
    olga.click("#order .go")
    expect(olga.locator("#order h2")).to_have_text("Cancel March invoices for good?")
    expect(olga.locator("#order")).to_contain_text(re.compile(r"items are not begun, and never will be"))
    olga.click("[name=confirmed]")
    expect(olga.locator("#receipt")).to_contain_text("It ends: what runs still counts.")
    for page in (olga, rita):
        expect(page.locator(".batch-top")).to_contain_text("Cancelled")
    expect(olga.locator(".controls")).to_have_count(0)


def test_what_is_typed_stays_while_the_page_changes_around_it(up, window):  # noqa: F811
    address = begin(up)
    olga = window("olga")
    shown(olga, address)
    olga.click("#choose-cancel")
    olga.fill("#order-reason", "It is the wrong")
    before = succeeded(olga)
    expect(olga.locator(".legend").first).not_to_have_text(before)
    expect(olga.locator("#order-reason")).to_be_focused()
    assert olga.input_value("#order-reason") == "It is the wrong"
    olga.click("#order-cancel")
    expect(olga.locator("#order form")).to_have_count(0)


def test_without_javascript_every_control_works(up, window):  # noqa: F811
    address = begin(up)
    page = window("olga", java_script_enabled=False)
    shown(page, address)
    page.click("#choose-limits")
    page.fill("#order-max_parallel", "0")
    page.fill("#order-reason", "They are slow")
    page.click("#order .go")
    expect(page.locator("#order .errorlist")).to_contain_text("a whole number from 1 to 500")
    assert page.input_value("#order-reason") == "They are slow"
    page.fill("#order-max_parallel", "2")
    page.click("#order .go")
    page.click("[name=confirmed]")
    expect(page.locator("#receipt")).to_contain_text("The new limits are in force.")
    page.click("#choose-pause")
    page.fill("#order-reason", "A look")
    page.click("#order .go")
    expect(page.locator("#receipt")).to_contain_text("Recorded.")
    page.goto(address)
    page.click("#choose-resume")
    page.click("#order .go")
    expect(page.locator("#receipt")).to_contain_text("It goes on.")


def test_on_a_phone_no_form_stands_beside_the_screen(up, window):  # noqa: F811
    address = begin(up)
    page = window("olga", viewport={"width": 390, "height": 800})
    shown(page, address)
    for action in ("pause", "limits", "cancel"):
        page.goto(f"{address}?order={action}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, action
