"""live.js in a real Chromium: what people see while it is live, blind or signed out, and what a swap leaves alone."""

import os
import shutil

import pytest
from django.contrib.auth import logout
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from playwright.sync_api import expect, sync_playwright

from tests.live.conftest import write_down

CHROMIUM = os.environ.get("LEITSTAND_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None and os.environ.get("CI") != "true":
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps a loop in this thread; the ORM sees it
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def person(sign_in):
    return sign_in("maria", "red")


@pytest.fixture
def page(settings, port, chromium, person):
    settings.ROOT_URLCONF = "tests.live.urls"
    write_down("first")
    context = chromium.new_context(base_url=f"http://127.0.0.1:{port}")
    context.add_cookies([{"name": "sessionid", "value": person[1], "url": f"http://127.0.0.1:{port}"}])
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/page/")
    expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=15_000)
    yield page
    context.close()
    assert [one for one in said if "WebSocket" not in one] == [], "the browser complained (policy, script)"


def test_a_write_changes_the_page(page):
    write_down("second")
    expect(page.locator("#words")).to_have_text("second", timeout=15_000)


def test_the_pulse_says_live_and_how_long_ago(page):
    expect(page.locator("#live-pulse [data-pulse-words]")).to_have_text("No worker runs", timeout=15_000)
    expect(page.locator("#live-pulse [data-pulse-age]")).to_contain_text("s ago", timeout=15_000)


def test_ages_are_the_browsers_and_no_change_of_the_region(page):
    expect(page.locator("#ago")).to_have_text("3 min ago", timeout=15_000)
    expect(page.locator("#due")).to_have_text("due in 3 h 10 min")
    page.evaluate("document.querySelector('#words').dataset.mark = 'kept'")
    page.wait_for_timeout(1500)
    expect(page.locator("#words")).to_have_attribute("data-mark", "kept")


def test_a_swap_keeps_the_focus_and_what_was_folded_open(page):
    page.locator("summary").click()
    page.locator("#link").focus()
    write_down("second")
    expect(page.locator("#words")).to_have_text("second", timeout=15_000)
    expect(page.locator("#link")).to_be_focused()
    expect(page.locator("details")).to_have_attribute("open", "")


def test_the_page_fetches_another_form_and_keeps_the_typed_comment(page):
    page.locator("textarea").press_sequentially("half a sen")
    write_down("second")
    expect(page.locator("#decide")).to_have_text("Approve second", timeout=15_000)
    expect(page.locator("textarea")).to_have_value("half a sen")
    expect(page.locator("textarea")).to_be_focused()
    expect(page.locator("#holder")).to_have_attribute("data-form-version", "second")
    page.keyboard.type("tence")
    expect(page.locator("textarea")).to_have_value("half a sentence")


def test_what_was_typed_into_a_form_that_is_gone_stays_to_be_read(page):
    page.locator("textarea").press_sequentially("half a sen")
    write_down("gone")
    expect(page.locator("#holder")).to_contain_text("Nothing to decide.", timeout=15_000)
    expect(page.locator("#holder .unsent")).to_contain_text("half a sen")
    expect(page.locator("#holder .unsent")).to_be_focused()


def test_a_button_that_has_just_changed_its_meaning_takes_no_click_for_a_moment(page):
    page.evaluate(
        """new MutationObserver(() => {
             const button = document.querySelector("#decide");
             if (button.textContent.includes("second")) document.body.dataset.first ??= String(button.disabled);
           }).observe(document.querySelector("#holder"), {childList: true, subtree: true, attributes: true})"""
    )
    write_down("second")
    expect(page.locator("body")).to_have_attribute("data-first", "true", timeout=15_000)
    expect(page.locator("#decide")).to_be_enabled(timeout=15_000)


def test_without_a_pulse_it_says_blind_and_comes_back_by_itself(page, monkeypatch):
    from live.grants import check

    def cannot(*_):
        raise RuntimeError("no database")

    monkeypatch.setattr("live.grants.check", cannot)
    expect(page.locator("body")).to_have_attribute("data-live", "blind", timeout=20_000)
    expect(page.locator("#live-pulse")).to_contain_text("what you see may be old")
    monkeypatch.setattr("live.grants.check", check)
    expect(page.locator("body")).to_have_attribute("data-live", "live", timeout=20_000)
    expect(page.locator("#live-pulse")).not_to_contain_text("may be old")


def test_a_dropped_connection_heals_and_everything_comes_afresh(page):
    page.evaluate("document.querySelector('#words').textContent = 'made old'")
    page.evaluate("htmx.find('#live')['htmx-internal-data'].webSocket.socket.close(4000)")
    expect(page.locator("#words")).to_have_text("first", timeout=20_000)


def test_signed_out_elsewhere_it_says_so_with_the_way_back(page, person):
    user, cookie = person
    request = HttpRequest()
    request.session, request.user = SessionStore(cookie), user
    logout(request)
    expect(page.locator("body")).to_have_attribute("data-live", "off", timeout=15_000)
    link = page.get_by_role("link", name="Sign in again")
    expect(link).to_have_attribute("href", "/accounts/login/?next=%2Fpage%2F")
