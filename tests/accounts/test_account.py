"""The account page: what it offers, what it keeps, and whose."""

import pytest

from accounts.models import Kind, Letter, Preferences, preferences_of
from accounts.services import FIELDS
from audit.models import Entry
from live import grants
from tests.accounts.conftest import letter_to, with_address

PAGE = "/accounts/"
KINDS = [name for name in FIELDS if name not in ("time_zone", "language")]
CHOSEN = {"time_zone": "Asia/Tokyo", "language": "en", **{name: "on" for name in KINDS if name != "reminder"}}


@pytest.fixture
def mine(client, maria):
    client.force_login(maria)
    return client


def test_strangers_are_sent_to_sign_in(client, db):
    assert client.get(PAGE).headers["Location"] == f"/accounts/login/?next={PAGE}"
    assert client.post(PAGE, CHOSEN).status_code == 302
    assert not Preferences.objects.exists()


def test_the_menu_leads_to_it(mine):
    assert f'href="{PAGE}"' in mine.get("/").content.decode()


def test_who_has_chosen_nothing_is_told_everything(mine):
    page = mine.get(PAGE).content.decode()
    assert page.count(" checked>") == len(KINDS) - 1, "what only ops are told is not asked of others"
    assert "The site&#x27;s: UTC" in page
    assert not Preferences.objects.exists(), "looking writes nothing"


def test_what_is_chosen_is_kept_and_in_the_ledger(mine, maria):
    answer = mine.post(PAGE, CHOSEN, follow=True)
    assert "Saved." in answer.content.decode()
    kept = Preferences.objects.get(user=maria)
    assert (kept.time_zone, kept.level_waits, kept.outcome, kept.reminder) == ("Asia/Tokyo", True, True, False)
    entry = Entry.objects.get(stream=f"account:{maria.pk}")
    assert (entry.kind, entry.actor) == ("account.preferences_changed", "maria")
    assert entry.data == {"time_zone": "Asia/Tokyo", "language": "en", "reminder": False}
    page = mine.get(PAGE).content.decode()
    assert '<option value="Asia/Tokyo" selected>' in page
    assert page.count(" checked>") == len(KINDS) - 2


def test_saving_the_same_again_is_no_news(mine):
    mine.post(PAGE, CHOSEN)
    mine.post(PAGE, CHOSEN)
    assert Entry.objects.count() == 1


def test_it_changes_nobody_else(mine, vera):
    mine.post(PAGE, {**CHOSEN, "user": vera.pk})
    assert not Preferences.objects.filter(user=vera).exists()


@pytest.mark.parametrize("wrong", [{"time_zone": "Mars/Phobos"}, {"time_zone": "../etc/passwd"}, {"language": "tlh"}])
def test_what_there_is_not_is_refused_in_words(mine, wrong):
    answer = mine.post(PAGE, {**CHOSEN, **wrong})
    assert answer.status_code == 422
    assert "Not saved." in answer.content.decode()
    assert not Preferences.objects.exists()


def test_a_kind_that_is_switched_off_makes_no_letter_and_the_others_do(maria):
    with_address(maria)
    Preferences.objects.create(user=maria, level_waits=False)
    maria.refresh_from_db()
    letter_to(maria, event="waits", kind=Kind.LEVEL_WAITS)
    letter_to(maria, event="remind", kind=Kind.REMINDER)
    assert list(Letter.objects.values_list("event", flat=True)) == ["remind"]


def test_a_way_to_a_new_password_cannot_be_switched_off(maria):
    Preferences.objects.create(user=maria, level_waits=False, outcome=False, reminder=False)
    assert preferences_of(maria).wants(Kind.RESET)


def test_without_an_address_it_says_that_nothing_can_be_told(mine, maria):
    assert "knows no mail address of yours" in mine.get(PAGE).content.decode()
    with_address(maria)
    assert "Mail goes to maria@example.org." in mine.get(PAGE).content.decode()


def test_a_choice_has_open_pages_look_again(mine, maria, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        mine.post(PAGE, CHOSEN)
    assert grants._forgotten[maria.pk]


def test_letters_can_be_read_in_the_admin_site_and_not_be_changed(client, boss, maria):
    [letter] = letter_to(maria)
    client.force_login(boss)
    assert "no mail address is known" in client.get("/admin/accounts/letter/").content.decode()
    assert client.get("/admin/accounts/letter/add/").status_code == 403
    assert client.post(f"/admin/accounts/letter/{letter.pk}/delete/", {"post": "yes"}).status_code == 403
