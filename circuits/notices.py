"""Whom of ops is told what: by mail to each of the group, and by webhook; each once for an episode."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from accounts import webhooks
from accounts.models import Kind, Letter
from accounts.outbox import put
from accounts.writing import Message, compose, link, register
from circuits import subjects
from circuits.models import Change, Episode

OPS = "ops"


def connect() -> None:
    """Called when the app is ready."""
    register(Kind.OPS, write_episode)
    subjects.connect()


def ops() -> QuerySet[User]:
    """The group; where it is empty, the admins: somebody must hear of it."""
    active = User.objects.filter(is_active=True).select_related("preferences").order_by("pk")
    group = active.filter(groups__name=OPS)
    return group if group.exists() else active.filter(is_superuser=True)


def tell_ops(episode: Episode, what: str) -> None:
    about = subjects.of(episode)
    event, stream = f"{episode.subject}/{episode.pk}/{what}", about.stream(episode)
    people = ops().exclude(pk__in=about.told_already(episode))
    put(kind=Kind.OPS, event=event, stream=stream, data={"episode": episode.pk, "what": what}, people=people)
    data = {
        **about.about(episode),
        "began_at": episode.began_at.timestamp(),
        "ended_at": episode.ended_at.timestamp() if episode.ended_at else None,
        "cause": episode.cause,
        "url": link(about.page(episode)),
    }
    webhooks.tell(type=about.types[what][0], event=event, stream=stream, data=data)


def write_episode(letter: Letter) -> Message | None:
    """That it began or goes on is no news any more once it is over, unless that is all there is to tell."""
    episode = Episode.objects.filter(pk=letter.data["episode"]).first()
    what = letter.data["what"]
    if episode is None:
        return None
    about = subjects.of(episode)
    if what != "ends" and episode.ended_at is not None and not about.at_once:
        return None
    said = {"headline": about.headline(episode, what), "says": about.says[what], "see": about.see}
    given = {"episode": episode, "what": what, "person": letter.user, "url": link(about.page(episode)), **said}
    return compose("ops", given)


def cause_of(change: Change) -> str:
    """Why it opened, in one line: the reason, and the last error of a caller or who ordered it."""
    parts = [change.reason, change.sample and f"“{change.sample}”", change.actor or change.caller]
    return ", ".join(part for part in parts if part)[:1_000]
