"""All of the demo, in its order; and when not to load it."""

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from approvals.models import Request
from dashboard.demo import absences, batches, datasets, people, playing, policies, schedules, services, traffic
from dashboard.demo.closed_requests import CLOSED
from dashboard.demo.open_requests import OPEN
from dashboard.up.folder import Folder
from worker import client

STORIES = CLOSED + OPEN


class Refused(Exception):
    """The demo cannot be loaded here, or not now; the text says why, and what to do."""


def load() -> None:
    """People, policies, services, traffic, batches, a data set, requests. Safe to ask again: each has its own id."""
    if strangers := people.strangers():
        raise Refused(
            f"Somebody else has a name that the demo needs: {', '.join(strangers)}. The demo gives its people a "
            "password that it prints, so it is not loaded beside others. Start with --no-demo, or choose another "
            "folder with --data."
        )
    everybody = people.load(Folder(settings.DATA_DIR).demo_password())
    policies.load()
    absences.load(everybody)
    _register(everybody["olga"])
    try:
        traffic.begin()
        batches.begin(everybody["olga"])
        datasets.begin(everybody["olga"])
        schedules.begin(everybody["olga"])
        playing.tell(STORIES, everybody)
    except (client.ClientError, playing.Stuck) as error:
        known = Request.objects.count()
        raise Refused(
            f"The demo is loaded in part ({known} requests), start it again to complete it. {error}"
        ) from None


def _register(ops: User) -> None:
    try:
        services.load(ops)
    except PermissionDenied:
        raise Refused(
            f"The demo's services are registered in the name of {ops.get_username()}, who is no operator any more. Put "
            "that user back into the group ops, then start again; or start with --no-demo."
        ) from None
