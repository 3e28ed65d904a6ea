"""What every page has around it."""

import pytest
from django.conf import settings as product

from tests.dashboard.html import doubled_ids, refused_by_the_policy

PAGES = ("/", "/approvals/", "/approvals/?view=closed", "/approvals/new/", "/audit/")
ADMIN = ("/admin/", "/admin/auth/user/", "/admin/auth/user/add/", "/admin/password_change/")


@pytest.fixture(autouse=True)
def temporal(monkeypatch):
    monkeypatch.setattr("live.queries._temporal_answers", lambda: False)


@pytest.mark.parametrize("address", [*PAGES, *ADMIN])
def test_no_page_holds_what_the_policy_refuses(client, boss, address):
    client.force_login(boss)
    answer = client.get(address)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not refused_by_the_policy(page)
    assert not doubled_ids(page)


def test_the_sign_in_page_neither(client, maria, settings):
    settings.DEMO = True
    assert not refused_by_the_policy(client.get("/accounts/login/").content.decode())


@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/admin/login/", "/nowhere/", "/healthz"])
def test_every_answer_carries_the_policy(client, db, address):
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "nonce" not in policy


def test_the_ledger_is_in_the_navigation_of_those_who_may_read_it_only(client, maria, auditor, boss):
    def offered(user):
        client.force_login(user)
        return 'href="/audit/"' in client.get("/").content.decode()

    assert [offered(user) for user in (maria, auditor, boss)] == [False, True, True]


def test_the_admin_site_is_offered_to_staff_only(client, maria, boss):
    def offered(user):
        client.force_login(user)
        return 'href="/admin/"' in client.get("/").content.decode()

    assert [offered(maria), offered(boss)] == [False, True]


def test_the_menu_says_who_one_is_and_as_what_one_decides(client, maria, olga):
    client.force_login(maria)
    page = client.get("/").content.decode()
    assert "Maria Berg" in page
    assert "You decide as manager." in page
    client.force_login(olga)
    assert "You run batches and circuits." in client.get("/").content.decode()


def test_a_page_can_be_used_without_a_mouse_and_by_a_screen_reader(client, maria):
    client.force_login(maria)
    page = client.get("/").content.decode()
    assert '<a class="skip" href="#main">' in page
    assert '<main id="main"' in page
    assert page.count("<h1") == 1
    assert '<html lang="en">' in page


def test_htmx_is_told_to_need_neither_inline_styles_nor_eval(client, maria):
    client.force_login(maria)
    page = client.get("/").content.decode()
    assert '"includeIndicatorStyles": false' in page
    assert '"allowEval": false' in page
    assert "X-CSRFToken" in page


def test_every_sheet_and_script_that_a_page_names_is_there(client, boss):
    from django.contrib.staticfiles import finders

    client.force_login(boss)
    page = client.get("/").content.decode()
    named = [part.split('"')[0] for part in page.split('="/static/')[1:]]
    assert len(named) >= 5
    assert [name for name in named if finders.find(name) is None] == []


def test_no_stylesheet_or_script_fetches_from_elsewhere():
    for kind in ("css", "js"):
        for file in (product.BASE_DIR / "static" / kind).glob(f"*.{kind}"):
            assert "http://" not in file.read_text().replace("http://www.w3.org", ""), file
            assert "@import" not in file.read_text(), file
