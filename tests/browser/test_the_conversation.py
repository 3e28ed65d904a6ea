"""A conversation in a real browser: it appears in the other's window, and leaves alone what is being typed there."""

import re

from tests.browser.test_the_way import _heed, ask, browser, expect, pytestmark, up, window  # noqa: F401
from tests.trouble.people import manage


def top_of(page, field: str) -> float:
    return page.locator(field).bounding_box()["y"]


def test_a_question_appears_at_the_requesters_and_the_answer_leaves_what_is_typed_alone(up, window):  # noqa: F811
    rita, maria, dirk = window("rita"), window("maria"), window("dirk")
    address = ask(rita, up, "Stacker, electric", "18400")
    home = window("rita")
    home.goto(f"http://127.0.0.1:{up.port}/")
    for page in (maria, dirk):
        page.goto(address)
    rita.fill("#id_text", "I wanted to add")  # the requester types, too, while the question comes

    maria.fill("#id_comment", "My decision, half written")
    maria.fill("#id_text", "Why not rent it?\nSee https://rent.example/offers.")
    maria.click("button[value=question]")
    expect(maria.locator("#say")).to_contain_text("Rita Lang sees your question")
    expect(maria.locator("#id_text")).to_have_value("")
    expect(maria.locator("#id_comment")).to_have_value("My decision, half written")

    expect(rita.locator(".questions")).to_contain_text("Your answer is asked for.")
    expect(home.locator("main")).to_contain_text("Your answer is asked for")
    expect(dirk.locator(".questions")).to_contain_text("A question waits.")
    expect(dirk.locator(".talk a.out")).to_have_attribute("href", "https://rent.example/offers")
    expect(rita.locator("button[name=answer]")).to_be_enabled()
    expect(rita.locator("#id_text")).to_have_value("I wanted to add")
    expect(rita.locator("#id_text")).to_be_focused()

    maria.locator("#id_text").focus()
    maria.keyboard.type("I would ra")
    before = top_of(maria, "#id_text")
    rita.fill("#id_text", "It costs 900 a month.")
    rita.click("button[name=answer]")
    expect(maria.locator(".talk .is-answer")).to_contain_text("It costs 900 a month.")
    expect(maria.locator(".questions")).to_be_hidden()
    maria.keyboard.type("ther rent it")
    expect(maria.locator("#id_text")).to_have_value("I would rather rent it")
    expect(maria.locator("#id_comment")).to_have_value("My decision, half written")
    assert abs(top_of(maria, "#id_text") - before) < 3, "what stands above it has grown, but it stays in its place"
    expect(rita.locator(".questions")).to_be_hidden()
    expect(rita.locator("button[name=answer]")).to_have_count(0)
    expect(home.locator("main")).not_to_contain_text("Your answer is asked for")


def test_with_the_site_away_the_words_stay_and_the_second_click_counts_once(up, window):  # noqa: F811
    rita, maria = window("rita"), window("maria")
    maria.goto(ask(rita, up, "Hand truck", "120"))
    maria.fill("#id_text", "A red one, please.")
    maria.context.set_offline(True)
    maria.click("button[value=comment]")
    expect(maria.locator("#say")).to_contain_text("No answer.")
    expect(maria.locator("#id_text")).to_have_value("A red one, please.")
    maria.context.set_offline(False)
    maria.click("button[value=comment]")
    expect(maria.locator("#say")).to_contain_text("Written down.")
    expect(rita.locator(".talk")).to_contain_text("A red one, please.")
    expect(rita.locator(".talk > li")).to_have_count(1)


def test_the_keyboard_is_enough_to_ask_and_to_answer(up, window):  # noqa: F811
    rita, maria = window("rita"), window("maria")
    maria.goto(ask(rita, up, "Ladder", "90"))
    maria.locator("#id_text").focus()
    for key in ("H", "o", "w", "Space", "h", "i", "g", "h", "Tab", "Tab", "Enter"):
        maria.keyboard.press(key)
    expect(maria.locator("#say [data-receipt]")).to_be_focused()
    expect(rita.locator("button[name=answer]")).to_be_enabled()
    rita.locator("#to-answer").focus()
    rita.keyboard.press("Enter")
    for key in ("Tab", "6", "Space", "m", "Tab", "Enter"):
        rita.keyboard.press(key)
    expect(maria.locator(".talk .is-answer")).to_contain_text("6 m")


def test_without_javascript_people_talk_and_submit_again(up, window):  # noqa: F811
    rita, maria = window("rita", java_script_enabled=False), window("maria", java_script_enabled=False)
    address = ask(rita, up, "Trolley, folding", "480")
    maria.goto(address)
    maria.fill("#id_text", "Why folding?")
    maria.click("button[value=question]")
    expect(maria.locator(".talk .is-question")).to_contain_text("Why folding?")
    rita.goto(f"http://127.0.0.1:{up.port}/")
    rita.click(".asked-of-you a:has-text('Trolley')")
    expect(rita.locator(".questions")).to_contain_text("Your answer is asked for.")
    rita.click("button[name=answer]")  # with nothing written
    expect(rita.locator("#say-form")).to_contain_text("Write something first.")
    rita.fill("#id_text", "It has to fit the lift.")
    rita.click("button[name=answer]")
    expect(rita.locator(".talk .is-answer")).to_contain_text("It has to fit the lift.")
    rita.click("summary:has-text('Withdraw this request')")
    rita.click("button:has-text('Withdraw')")
    rita.goto(address)
    rita.click("a:has-text('Submit again')")
    expect(rita.locator("#id_title")).to_have_value("Trolley, folding")
    expect(rita.locator("#id_details")).to_have_value("Vendor: Acme Lift GmbH\nDelivery: 12 weeks")
    rita.fill("#id_amount", "460")
    rita.click("main form button.go")
    expect(rita.locator(".crumbs")).to_contain_text("follows")


def test_a_rejected_request_offers_itself_again_in_the_open_window(up, window):  # noqa: F811
    rita, maria = window("rita"), window("maria")
    maria.goto(ask(rita, up, "Fan for the office", "60"))
    maria.fill("#id_comment", "Too loud, see https://fans.example/quiet")
    maria.click("button[value=reject]:not([disabled])")
    maria.click("button[name=confirmed]")
    expect(rita.locator("#decision")).to_contain_text("Submit again")  # nobody has touched this window
    rita.click("a:has-text('Submit again')")
    expect(rita.locator("main")).to_contain_text("Too loud")
    expect(rita.locator("#chain")).to_contain_text("Manager")
    rita.click("main form button.go")
    expect(rita.locator(".crumbs")).to_contain_text("follows")
    verified = manage(up, "verify_ledger")
    assert verified.returncode == 0, verified.stdout


def test_a_deadline_counts_down_by_the_second_and_says_when_it_has_passed(up, window):  # noqa: F811
    """With the site out of sight: each pulse that comes puts right a clock that has been moved."""
    rita = window("rita")
    site = Site(rita)
    rita.clock.install()
    ask(rita, up, "Clock for the hall", "75")
    due = rita.locator(".head time[data-age=due]")
    expect(due).to_contain_text(re.compile(r"due in 23 h 5\d min"))
    site.heard = False
    expect(rita.locator("body")).to_have_attribute("data-live", "blind")
    rita.clock.fast_forward("23:10:00")
    expect(due).to_have_attribute("data-due", "soon")
    expect(due).to_contain_text(re.compile(r"due in 4\d min"))
    rita.clock.fast_forward("46:00")
    expect(due).to_have_attribute("data-due", "now")
    first = due.inner_text()
    assert " min " in first
    assert first.endswith(" s")
    rita.clock.fast_forward("00:02")
    assert due.inner_text() != first
    rita.clock.fast_forward("10:00")
    expect(due).to_have_attribute("data-due", "late")
    expect(due).to_contain_text("late")


class Site:
    """What it says to this window's socket arrives as long as it is heard."""

    def __init__(self, page) -> None:
        self.heard = True
        page.route_web_socket("**/live/**", self._between)

    def _between(self, socket) -> None:
        site = socket.connect_to_server()
        site.on_message(lambda said: socket.send(said) if self.heard else None)
