"""When the ledger was last verified stands on its page, and workers do it again by themselves."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from audit import checking
from audit.models import Check
from audit.services import seal_due
from tests.audit.conftest import add
from worker import registry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _not_looked(monkeypatch):
    monkeypatch.setattr(checking, "_looked", float("-inf"))
    monkeypatch.setattr(checking, "LOOK", 0.0)


@pytest.fixture
def page(client, auditor):
    client.force_login(auditor)
    return lambda: client.get("/audit/").content.decode()


def test_before_the_first_check_the_page_says_so(page):
    assert "was not verified yet" in page()


def test_the_command_leaves_what_it_found_on_the_page(page):
    add("request:a", 3)
    seal_due(force=True)
    call_command("verify_ledger", stdout=StringIO())
    text = page()
    assert "Intact." in text
    assert "3 entries, all of them verified" in text
    assert f"1:{Check.objects.get().head[2:]}" in text


def test_a_broken_entry_is_named_on_the_page(page, intruder):
    add("request:a", 3)
    intruder("UPDATE audit_entry SET actor = 'eve' WHERE seq = 2")
    with pytest.raises(SystemExit):
        call_command("verify_ledger", stdout=StringIO(), stderr=StringIO())
    assert "The ledger is broken." in page()
    assert "entry 2 of request:a" in page()


def test_workers_check_by_themselves():
    assert registry.chores()["audit.check"] is checking.check_due


def test_a_worker_checks_as_it_starts_and_not_again_at_once():
    add("request:a")
    assert checking.check_due()
    assert not checking.check_due()
    assert checking.last_check().entries == 1


def test_of_two_workers_one_checks():
    assert checking._claimed()
    assert not checking._claimed()


def test_it_is_checked_again_after_ten_minutes():
    checking.check()
    Check.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    assert checking.check_due()


def test_a_check_that_takes_long_is_made_less_often():
    checking.check()
    Check.objects.update(started_at=timezone.now() - timedelta(minutes=11), seconds=60)
    assert not checking.check_due()


def test_a_check_that_died_hides_nothing_of_the_one_before(page):
    add("request:a")
    checking.check()
    Check.objects.update(started_at=timezone.now())
    assert "1 entry, all of it verified" in page()
