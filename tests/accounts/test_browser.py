"""The account in a real Chromium: chosen by keyboard, and a page that is open elsewhere follows."""

import pytest
from playwright.sync_api import expect

from accounts.models import Preferences
from tests.accounts.test_time_zone import TOKYO, UTC_TITLE, the_request
from tests.conftest import person
from tests.live.conftest import session_of
from tests.live.test_browser import chromium  # noqa: F401  (a fixture: found by its name here)


@pytest.fixture
def tabs(settings, port, chromium):  # noqa: F811
    """Two pages of one person, of which nothing complains."""
    settings.ROOT_URLCONF = "tests.accounts.urls"
    maria = person("maria", "manager")
    site, said = f"http://127.0.0.1:{port}", []
    context = chromium.new_context(base_url=site)
    context.add_cookies([{"name": "sessionid", "value": session_of(maria), "url": site}])
    found = [context.new_page(), context.new_page()]
    for page in found:
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    yield found
    context.close()
    assert [one for one in said if "WebSocket" not in one] == [], "the browser complained (policy, script)"


def test_a_zone_chosen_by_keyboard_is_on_a_page_that_is_open(tabs):
    account, request_page = tabs
    request_page.goto(the_request(person("rita")).get_absolute_url())
    expect(request_page.locator(f'time[title="{UTC_TITLE}"]')).to_be_visible(timeout=15_000)
    account.goto("/accounts/")
    account.locator("#id_time_zone").focus()
    account.keyboard.type("Tokyo")
    for _field in ("language", "a level waits", "a deadline"):
        account.keyboard.press("Tab")
    account.keyboard.press("Space")
    for _field in ("outcomes", "save"):
        account.keyboard.press("Tab")
    account.keyboard.press("Enter")
    expect(account.get_by_text("Saved.")).to_be_visible(timeout=15_000)
    expect(account.locator("#id_reminder")).not_to_be_checked()
    expect(request_page.locator(f'time[title="{TOKYO}"]')).to_be_visible(timeout=15_000)
    assert Preferences.objects.get().time_zone == "Asia/Tokyo"


def test_a_password_is_changed_and_one_stays_signed_in(tabs):
    account, _other = tabs
    account.goto("/accounts/")
    account.get_by_role("link", name="Change the password").click()
    account.get_by_label("Old password").fill("pass")
    account.get_by_label("New password", exact=True).fill("a-long-new-password-7")
    account.get_by_label("New password confirmation").fill("a-long-new-password-7")
    account.get_by_role("button", name="Change it").click()
    expect(account.get_by_text("Your password is changed.")).to_be_visible(timeout=15_000)
    expect(account.locator("body")).to_have_attribute("data-live", "live", timeout=15_000)
