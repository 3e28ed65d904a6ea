"""Tests that commit leave nothing behind, and the ledger is guarded afterwards as before."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, transaction

from approvals.models import Level, Tier
from audit.models import Entry
from tests.audit.conftest import add
from tests.emptying import Beginning


@pytest.mark.django_db(transaction=True)
def test_all_is_again_as_the_migrations_left_it():
    before = Beginning()
    assert before.rows["approvals_level"]
    User.objects.create_user("maria").groups.set(Group.objects.all())
    add("s", 2)
    Tier.objects.all().delete()
    Level.objects.update(title="Changed")
    before.restore()
    assert Beginning().rows == before.rows


@pytest.mark.django_db(transaction=True)
def test_the_ledger_refuses_again():
    before = Beginning()
    add("s")
    before.restore()
    add("s")
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.all()._raw_delete("default")
    assert Entry.objects.count() == 1
