"""A receiver of webhooks in a real Chromium: added, its secret copied, tested, seen to have taken it."""

import pytest
from playwright.sync_api import expect

from accounts import posting
from accounts.hosts import read
from accounts.receivers import Delivery, Receiver
from tests.accounts.receiver import Program, one_after_another, says
from tests.accounts.test_signing import verified
from tests.conftest import person
from tests.live.conftest import session_of
from tests.live.test_browser import chromium  # noqa: F401  (a fixture: found by its name here)


@pytest.fixture
def program(settings):
    settings.WEBHOOK_HOSTS = read("127.0.0.1")
    program = Program()
    yield program
    program.close()


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=["light and wide", "dark and phone"])
def admin(request, settings, port, chromium):  # noqa: F811
    """The admin site, of which nothing complains."""
    settings.ROOT_URLCONF = "tests.accounts.urls"
    scheme, width = request.param
    site, said = f"http://127.0.0.1:{port}", []
    boss = person("admin", is_staff=True, is_superuser=True)
    context = chromium.new_context(
        base_url=site, color_scheme=scheme, viewport={"width": width, "height": 844}, java_script_enabled=False
    )
    context.add_cookies([{"name": "sessionid", "value": session_of(boss), "url": site}])
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert said == [], "the browser complained (policy, script)"


def send():
    """As a worker's chore does."""
    return [posting.serve(pk) for pk in posting.to_serve()]


def test_a_receiver_is_added_given_its_secret_and_tested_without_javascript(admin, program):
    admin.goto("/admin/accounts/receiver/add/")
    admin.get_by_label("Name").fill("ERP")
    admin.get_by_label("Address").fill("https://elsewhere.example/hook")
    admin.get_by_role("button", name="Save", exact=True).click()
    expect(admin.get_by_text("Leitstand may not call this host.")).to_be_visible()
    expect(admin.get_by_label("Name")).to_have_value("ERP")
    admin.get_by_label("Address").fill(program.url)
    admin.get_by_role("button", name="Save", exact=True).click()
    secret = admin.locator(".secret").inner_text()
    assert secret == Receiver.objects.get().secret
    admin.reload()
    expect(admin.locator(".secret")).to_have_count(0)
    admin.get_by_role("link", name="Go to the receiver").click()
    admin.get_by_role("button", name="Send a test").click()
    expect(admin.get_by_text("A test is sent.")).to_be_visible()
    expect(admin.locator(".field-state")).to_contain_text("to be sent")
    send()
    admin.reload()
    expect(admin.locator(".field-state")).to_contain_text("delivered")
    assert verified(secret, *program.calls[0])


def test_what_was_given_up_is_found_by_its_number_and_sent_again(admin, program):
    erp = Receiver.objects.create(name="ERP", url=program.url)
    program.answer = one_after_another(says(410, b"moved away"), says(200))
    admin.goto(f"/admin/accounts/receiver/{erp.pk}/change/")
    admin.get_by_role("button", name="Send a test").click()
    send()
    admin.goto("/admin/accounts/receiver/")
    admin.locator(".field-not_delivered a").click()
    expect(admin.locator(".field-why")).to_contain_text("it wants to be told no more")
    admin.locator("input.action-select").check()
    admin.locator("select[name=action]").select_option("send_again")
    admin.get_by_role("button", name="Go", exact=True).click()
    expect(admin.get_by_text("1 delivery is sent again.")).to_be_visible()
    send()
    assert Delivery.objects.get().state == "delivered"
