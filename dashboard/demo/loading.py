"""All of the demo, in its order; and when not to load it."""

from django.conf import settings

from approvals.models import Request
from dashboard.demo import people, playing, policies
from dashboard.demo.closed_requests import CLOSED
from dashboard.demo.open_requests import OPEN
from dashboard.up.folder import Folder
from worker import client

STORIES = CLOSED + OPEN


class Refused(Exception):
    """The demo cannot be loaded here, or not now; the text says why, and what to do."""


def load() -> None:
    """People, policies, requests. Safe to ask again: everything has an id of its own."""
    if strangers := people.strangers():
        raise Refused(
            f"Somebody else has a name that the demo needs: {', '.join(strangers)}. The demo gives its people a "
            "password that it prints, so it is not loaded beside others. Start with --no-demo, or choose another "
            "folder with --data."
        )
    everybody = people.load(Folder(settings.DATA_DIR).demo_password())
    policies.load()
    try:
        playing.tell(STORIES, everybody)
    except (client.ClientError, playing.Stuck) as error:
        known = Request.objects.count()
        raise Refused(
            f"The demo is loaded in part ({known} requests), start it again to complete it. {error}"
        ) from None
