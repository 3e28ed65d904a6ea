"""The way of one request in a real browser: one asks, three decide, in windows that change before each other's eyes."""

import os
import signal
from contextlib import suppress

import pytest

from tests import readymade
from tests.readymade import PASSWORD
from tests.trouble.people import chromium, manage
from tests.up.running import Up, until

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
expect.set_options(timeout=60_000)

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(chromium() is None and not os.environ.get("CI"), reason="there is no Chromium here"),
]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    data = tmp_path_factory.mktemp("browser") / "data"
    readymade.people(data)
    running = Up(data, **readymade.statics()).ready()
    yield running
    running.end()


@pytest.fixture(scope="module")
def browser(up):
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def window(browser, up):
    """Opens a window in which somebody is signed in; whatever the browser complains about fails the test."""
    contexts, complaints = [], []

    def opened(username: str, **options: object):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: _heed(said, complaints))
        page.goto(f"http://127.0.0.1:{up.port}/accounts/login/")
        page.fill("#id_username", username)
        page.fill("#id_password", PASSWORD)
        page.click("main form[action*=login] button")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _heed(said, complaints: list[str]) -> None:
    """A socket that breaks while its server is killed is no complaint; a breach of the content policy is."""
    if said.type == "error" and "Content Security Policy" in said.text:
        complaints.append(said.text)


def ask(page, up: Up, title: str, amount: str, *, record: str = "") -> str:
    """Fill in the form and send it; the address of the request."""
    page.goto(f"http://127.0.0.1:{up.port}/approvals/new/")
    page.fill("#id_title", title)
    page.fill("#id_amount", amount)
    page.fill("#id_details", "Vendor: Acme Lift GmbH\nDelivery: 12 weeks")
    if record:
        page.select_option("#id_action", "record")
        page.fill("#id_arg-record-text", record)
    page.click("main form button.go")
    expect(page.locator("h1")).to_contain_text(title)
    return page.url


def approve(page, comment: str = "") -> None:
    if comment:
        page.fill("#id_comment", comment)
    page.click("button[value=approve]:not([disabled])")
    page.click("button[name=confirmed]")


def test_three_windows_change_before_each_others_eyes_and_the_ledger_agrees(up, window):
    rita = window("rita")
    rita.goto(f"http://127.0.0.1:{up.port}/approvals/new/")
    rita.fill("#id_amount", "250000")
    expect(rita.locator("#chain")).to_contain_text("VP")  # the chain shows while the amount is typed
    address = ask(rita, up, "Forklift, electric, 2.5 t", "250000", record="PO 4711")
    maria, dirk, vera = window("maria"), window("dirk"), window("vera")
    expect(maria.locator("h1")).to_have_text("One request waits for you")
    expect(maria.locator("nav")).to_contain_text("1")
    for page in (maria, dirk, vera):
        page.goto(address)
    expect(dirk.locator("#decision")).to_contain_text("It waits for manager")

    approve(maria, "In the budget, hall 2 needs it.")
    expect(maria.locator("#decision")).to_contain_text("Recorded.")
    for page in (dirk, vera, rita):  # nobody has touched these windows
        expect(page.locator("body")).to_contain_text("In the budget, hall 2 needs it.")
    expect(dirk.locator("#decision")).to_contain_text("Decide as director")
    expect(vera.locator("#decision")).to_contain_text("It waits for director")

    os.kill(up.child("worker"), signal.SIGKILL)
    approve(dirk)
    expect(dirk.locator("#decision")).to_contain_text("Recorded.")
    expect(vera.locator("#decision")).to_contain_text("Decide as VP")

    with vera.expect_websocket(timeout=60_000):  # it connects again by itself
        os.kill(until(lambda: up.children().get("web"), "the web server"), signal.SIGKILL)
    expect(vera.locator("body")).to_have_attribute("data-live", "live")
    approve(vera)
    expect(vera.locator("#decision")).to_contain_text("Recorded.")

    for page in (rita, maria, dirk, vera):
        expect(page.locator("body")).to_contain_text("PO 4711")
        expect(page.locator(".head .state").first).to_contain_text("Approved")
    verified = manage(up, "verify_ledger")
    assert verified.returncode == 0, verified.stdout
    assert "intact" in verified.stdout


def test_of_two_who_race_one_counts_and_the_other_is_told_by_whom(up, window):
    rita, maria, peter = window("rita"), window("maria"), window("peter")
    address = ask(rita, up, "Cooling pump for hall 3", "900")
    for page in (maria, peter):
        page.goto(address)
        page.click("button[value=approve]")
    maria.click("button[name=confirmed]")
    peter.click("button[name=confirmed]")
    expect(maria.locator("#decision")).to_contain_text("Recorded.")
    expect(peter.locator("#decision")).to_contain_text("Not applied.")
    expect(peter.locator("#decision")).to_contain_text("Maria Berg approved as manager")
    expect(rita.locator("body")).to_contain_text("Peter Holt")  # the attempt stays visible
    expect(rita.locator("body")).to_contain_text("Not applied.")


def test_with_temporal_dead_the_comment_is_kept_and_the_second_click_counts(up, window):
    rita, maria = window("rita"), window("maria")
    maria.goto(ask(rita, up, "A truck", "900"))
    maria.fill("#id_comment", "Needed on Monday")
    maria.click("button[value=approve]")
    temporal = up.child("temporal")
    os.kill(temporal, signal.SIGKILL)
    maria.click("button[name=confirmed]")
    decision = maria.locator("#decision")
    expect(decision).to_contain_text("Needed on Monday") if decision.locator("#id_comment").count() == 0 else expect(
        decision.locator("#id_comment")
    ).to_have_value("Needed on Monday")
    until(lambda: up.children().get("temporal") not in (None, temporal), "Temporal to be started again")

    def recorded() -> bool:
        """What a person does who reads "not sent, try again": they try again."""
        for button in ("button[value=approve]:not([disabled])", "button[name=confirmed]:not([disabled])"):
            if maria.locator(button).count():
                with suppress(sync_api.TimeoutError):  # it was replaced before it could be pressed
                    maria.click(button, timeout=5_000)
                maria.wait_for_timeout(1_000)
        return "Recorded." in decision.inner_text() or "Approved" in maria.locator(".head .state").first.inner_text()

    until(recorded, "the second click to be recorded")
    expect(rita.locator(".head .state").first).to_contain_text("Approved")


def test_everything_works_without_javascript(up, window):
    rita, maria = window("rita", java_script_enabled=False), window("maria", java_script_enabled=False)
    address = ask(rita, up, "Chairs, twelve", "480")

    def form_is_there() -> bool:
        maria.goto(address)
        return maria.locator("button[value=approve]").count() == 1

    until(form_is_there, "the form")
    approve(maria, "Yes")
    expect(maria.locator("body")).to_contain_text("Recorded.")
    maria.goto(address)
    expect(maria.locator("body")).to_contain_text("Approved")


def test_the_keyboard_is_enough(up, window):
    rita, maria = window("rita"), window("maria")
    ask(rita, up, "Paper, a pallet", "300")
    maria.goto(f"http://127.0.0.1:{up.port}/approvals/")
    expect(maria.locator("h1")).to_have_text("One request waits for you")
    maria.keyboard.press("j")
    maria.keyboard.press("Enter")
    expect(maria.locator("h1")).to_contain_text("Paper, a pallet")
    maria.keyboard.press("a")
    expect(maria.locator("button[name=confirmed]")).to_be_focused()
    maria.keyboard.press("Enter")
    expect(maria.locator("#decision")).to_contain_text("Recorded.")
