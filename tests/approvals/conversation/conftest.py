"""Something to talk about, and people who talk."""

from uuid import uuid4

import pytest

from approvals import talking
from approvals.models import Remark
from tests.accounts.conftest import office  # noqa: F401  (a fixture: found by its name here)
from tests.approvals.notices.conftest import _addresses, courier  # noqa: F401  (likewise)
from tests.approvals.web.making import request_of

K = Remark.Kind


@pytest.fixture
def one(rita, maria, dirk):
    """Rita's request; it waits for managers, then for directors."""
    return request_of(rita, "manager", "director")


def says(user, request, text="Fine with me.", kind=K.COMMENT, question=None, form_id=None):
    number = question.pk if question else None
    return talking.say(request=request, kind=kind, text=text, form_id=form_id or uuid4(), by=user, question=number)


def asks(user, request, text="Why not rent it?"):
    return says(user, request, text, K.QUESTION)


def answers(user, question, text="It costs more."):
    return says(user, question.request, text, K.ANSWER, question)


def post(client, user, request, text="Fine with me.", **more):
    client.force_login(user)
    return client.post(f"{request.get_absolute_url()}say/", {"text": text, "form_id": str(uuid4()), **more})


def shows(client, user, request):
    client.force_login(user)
    return client.get(request.get_absolute_url())
