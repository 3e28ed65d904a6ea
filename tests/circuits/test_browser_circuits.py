"""A circuit in a real browser: it opens before one's eyes; it is steered by keyboard, and without JavaScript."""

import json
import re

from tests.browser.test_the_way import browser, expect, pytestmark, up, window  # noqa: F401


def begin(up, service, **config):  # noqa: F811
    about = ["--type", "CircuitBreakerWorkflow", "--task-queue", "leitstand", "--workflow-id", f"circuit-{service}"]
    up.temporal("workflow", "start", *about, "--input", json.dumps(service), "--input", json.dumps(config or None))
    report(up, service, ok=40)


def report(up, service, **counts):  # noqa: F811
    given = json.dumps({"caller": "worker-1:88", "sample": "503 upstream connect error", **counts})
    up.temporal("workflow", "signal", "--workflow-id", f"circuit-{service}", "--name", "record", "--input", given)


def address(up, path):  # noqa: F811
    return f"http://127.0.0.1:{up.port}{path}"


def count_answers(page):
    """htmx puts the focus where it belongs a moment after an answer is on the page: a key before that goes astray."""
    page.evaluate(
        """() => document.addEventListener("htmx:afterSettle", () => {
            document.body.dataset.answers = 1 + Number(document.body.dataset.answers ?? 0);
        })"""
    )


def answered(page, number):
    expect(page.locator("body")).to_have_attribute("data-answers", str(number))


def test_it_opens_counts_down_and_is_told_of_while_one_looks(up, window):  # noqa: F811
    begin(up, "payments", timeout_seconds=3_000)
    olga, rita = window("olga"), window("rita")
    olga.goto(address(up, "/"))
    expect(olga.locator("h1")).to_have_text("Nothing waits for you")
    assert "(" not in olga.title()
    rita.goto(address(up, "/circuits/payments/"))
    expect(rita.locator("h1")).to_have_text("payments is closed")
    report(up, "payments", failed=5)

    expect(rita.locator("h1")).to_contain_text("payments is open:")  # nobody has touched these windows
    countdown = rita.locator(".num.big time")
    first = countdown.text_content()
    assert re.fullmatch(r"4\d:\d\d", first)
    expect(countdown).not_to_have_text(first)
    expect(rita.locator(".happened")).to_contain_text("5 failures in a row")
    assert rita.locator("#order").count() == 0

    expect(olga.locator("h1")).to_have_text("One circuit is open")
    expect(olga.locator(".rail .count")).to_have_text("1")
    expect(olga).to_have_title("(1) Home · Leitstand")
    assert not rita.title().startswith("(")
    olga.click("#home-circuits")
    expect(olga.locator("h1")).to_have_text("The circuit is open")
    assert olga.title() == "(1) Circuits · Leitstand"


def test_by_keyboard_alone_it_is_forced_open_after_a_question_and_reset(up, window):  # noqa: F811
    begin(up, "mail")
    olga, rita = window("olga"), window("rita")
    rita.goto(address(up, "/circuits/mail/"))
    olga.goto(address(up, "/circuits/mail/"))
    count_answers(olga)
    olga.focus("#choose-forced_open")
    olga.keyboard.press("Enter")
    answered(olga, 1)
    expect(olga.locator("#order-reason")).to_be_focused()
    for _ in range(3):
        olga.keyboard.press("Tab")
    olga.keyboard.press("Enter")
    expect(olga.locator("#order")).to_contain_text("Say why: whoever looks next has to know.")
    answered(olga, 2)
    expect(olga.locator("#order-reason")).to_be_focused()
    olga.keyboard.type("Announced maintenance")
    for _ in range(3):
        olga.keyboard.press("Tab")
    olga.keyboard.press("Enter")
    expect(olga.locator("#order h2")).to_contain_text("Force mail open until")
    answered(olga, 3)
    expect(olga.locator("[name=confirmed]")).to_be_focused()
    olga.keyboard.press("Enter")
    expect(olga.locator("#receipt")).to_contain_text("Recorded. It is forced open.")
    expect(olga.locator("#receipt")).to_be_focused()
    for page in (olga, rita):
        expect(page.locator("h1")).to_have_text("mail is forced open")
    expect(rita.locator(".now")).to_contain_text("Announced maintenance")

    olga.click("#choose-reset")
    olga.fill("#order-reason", "It is back")
    olga.click("#order .go")
    olga.click("[name=confirmed]")
    expect(olga.locator("#receipt")).to_contain_text("Recorded. It is reset.")
    expect(rita.locator("h1")).to_have_text("mail is closed")


def test_without_javascript_every_control_works(up, window):  # noqa: F811
    begin(up, "search")
    page = window("olga", java_script_enabled=False)
    page.goto(address(up, "/circuits/search/"))
    page.click("#choose-configure")
    page.fill("#order-failure_threshold", "0")
    page.fill("#order-reason", "They are flaky")
    page.click("#order .go")
    expect(page.locator("#order .errorlist")).to_contain_text("greater than or equal to 1")
    assert page.input_value("#order-reason") == "They are flaky"
    page.fill("#order-failure_threshold", "9")
    page.select_option("#order-span", "900")
    page.click("#order .go")
    expect(page.locator(".differences")).to_contain_text("9")
    page.click("[name=confirmed]")
    expect(page.locator("#receipt")).to_contain_text("The new thresholds are in force.")
    expect(page.locator(".side")).to_contain_text("9 failures in a row")


def test_what_is_typed_stays_while_the_page_changes_around_it(up, window):  # noqa: F811
    begin(up, "fx-rates", timeout_seconds=3_000)
    olga = window("olga")
    olga.goto(address(up, "/circuits/fx-rates/?order=metrics_only"))
    olga.fill("#order-reason", "Learning the thresholds")
    report(up, "fx-rates", failed=5)
    expect(olga.locator("h1")).to_contain_text("fx-rates is open:")
    assert olga.input_value("#order-reason") == "Learning the thresholds"
    expect(olga.locator("#order-reason")).to_be_focused()


def test_on_a_phone_nothing_stands_beside_the_screen(up, window):  # noqa: F811
    begin(up, "a-service-with-a-name-that-is-much-longer-than-what-fits-on-a-phone.example.internal")
    page = window("olga", viewport={"width": 390, "height": 800})
    for path in ("/circuits/", "/circuits/fx-rates/", "/circuits/fx-rates/?order=configure", "/"):
        page.goto(address(up, path))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
