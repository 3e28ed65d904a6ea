"""The admin site as somebody sees it who looks after it, and the forms that its pages would send."""

import pytest
from django.urls import reverse

from approvals.models import Level, LevelHolder


@pytest.fixture
def admin_in(client, boss):
    client.force_login(boss)
    return client


def address(model, name, *args, app="approvals"):
    return reverse(f"admin:{app}_{model}_{name}", args=args)


def holder_of(user):
    return LevelHolder.objects.select_related("user", "level").get(user=user)


def form_of(holder, **changed):
    data = {
        "user": holder.user_id, "level": holder.level_id, "seen": holder.version,
        "valid_from": holder.valid_from or "", "valid_until": holder.valid_until or "",
        "kinds": list(holder.only_kinds),
    }  # fmt: skip
    return {**data, **changed}


def level(name):
    return Level.objects.get(name=name)
