"""Whom of ops is told what: by mail to each of the group, and by webhook; each once for an episode."""

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import webhooks
from accounts.models import Kind, Letter
from accounts.outbox import put
from accounts.writing import Message, compose, link, register
from circuits.models import Change, Episode

OPS = "ops"

TYPES = {
    ("circuit", "begins"): ("circuit.opened", gettext_lazy("a circuit opens")),
    ("circuit", "lasts"): ("circuit.stays_open", gettext_lazy("a circuit stays open")),
    ("circuit", "ends"): ("circuit.closed", gettext_lazy("a circuit is closed again")),
    ("worker", "begins"): ("worker.none", gettext_lazy("no worker runs")),
    ("worker", "lasts"): ("worker.still_none", gettext_lazy("still no worker runs")),
    ("worker", "ends"): ("worker.back", gettext_lazy("a worker runs again")),
}


def connect() -> None:
    """Called when the app is ready."""
    register(Kind.OPS, write_episode)
    for name, title in TYPES.values():
        webhooks.register(name, title)


def ops() -> QuerySet[User]:
    """The group; where it is empty, the admins: somebody must hear of it."""
    active = User.objects.filter(is_active=True).select_related("preferences").order_by("pk")
    group = active.filter(groups__name=OPS)
    return group if group.exists() else active.filter(is_superuser=True)


def tell_ops(episode: Episode, what: str) -> None:
    event = f"{episode.subject}/{episode.pk}/{what}"
    put(kind=Kind.OPS, event=event, stream=episode.subject, data={"episode": episode.pk, "what": what}, people=ops())
    subject = episode.subject.partition(":")[0]
    data = {
        "service": episode.service,
        "began_at": episode.began_at.timestamp(),
        "ended_at": episode.ended_at.timestamp() if episode.ended_at else None,
        "cause": episode.cause,
        "url": link("/"),
    }
    webhooks.tell(type=TYPES[subject, what][0], event=event, stream=episode.subject, data=data)


def write_episode(letter: Letter) -> Message | None:
    """That it began or goes on is no news any more once it is over."""
    episode = Episode.objects.filter(pk=letter.data["episode"]).first()
    what = letter.data["what"]
    if episode is None or (what != "ends" and episode.ended_at is not None):
        return None
    about = {"episode": episode, "what": what, "service": episode.service, "person": letter.user, "url": link("/")}
    return compose("ops", {**about, "headline": _headline(what, episode.service)})


def _headline(what: str, service: str) -> str:
    about = {"service": service}
    if service:
        said = {
            "begins": _("The circuit %(service)s is open"),
            "lasts": _("The circuit %(service)s is still open"),
            "ends": _("The circuit %(service)s is closed again"),
        }
    else:
        said = {
            "begins": _("No worker runs"),
            "lasts": _("Still no worker runs"),
            "ends": _("A worker runs again"),
        }
    return said[what] % about


def cause_of(change: Change) -> str:
    """Why it opened, in one line: the reason, and the last error of a caller or who ordered it."""
    parts = [change.reason, change.sample and f"“{change.sample}”", change.actor or change.caller]
    return ", ".join(part for part in parts if part)[:1_000]
