"""What can go wrong with what is kept outside Temporal, in words; never with a secret in them. Pure."""

import errno
import logging

from worker.payloads import sizes

log = logging.getLogger(__name__)


class Trouble(Exception):
    """``cause``: one of few words, for counting: full, denied, missing, damaged, away, other."""

    def __init__(self, cause: str, sentence: str) -> None:
        super().__init__(sentence)
        self.cause = cause
        self.place = self.key = ""
        """Of what cannot be read, once that is known."""


class NotStored(Trouble):
    """It was not put there, and nothing half of it is there either. It is tried again."""


class NotRead(Trouble):
    """It is referred to and cannot be had now."""


def counted(trouble: Trouble, place: str = "", key: str = "") -> Trouble:
    """For ops: on /metrics, and in the log."""
    trouble.place, trouble.key = place, key
    direction = "store" if isinstance(trouble, NotStored) else "read"
    sizes.add("payload_storage_failures", 1, direction=direction, cause=trouble.cause)
    log.warning("%s", trouble)
    return trouble


_CAUSES = {
    errno.ENOSPC: ("full", "there is no space left"),
    errno.EDQUOT: ("full", "there is no space left"),
    errno.EFBIG: ("full", "it is bigger than files may be there"),
    errno.EACCES: ("denied", "the folder's rights do not allow it"),
    errno.EPERM: ("denied", "the folder's rights do not allow it"),
    errno.EROFS: ("denied", "the folder can only be read"),
}


def not_written(where: object, error: OSError) -> NotStored:
    cause, words = _CAUSES.get(error.errno or 0, ("other", error.strerror or str(error)))
    return NotStored(
        cause, f"Nothing can be stored in {where} now: {words}. It is tried again; once it can, all goes on by itself."
    )


def not_there(what: str) -> NotRead:
    return NotRead(
        "missing",
        f"{what} is not there. Was it deleted, or is another disk mounted? Put it back from a copy and all goes on by "
        "itself, or end what refers to it: `manage.py storage verify --workflows` names it.",
    )


def not_whole(what: str) -> NotRead:
    return NotRead(
        "damaged",
        f"{what} is not what was stored: it was cut off or changed. Put it back from a copy and all goes on by itself, "
        "or end what refers to it: `manage.py storage verify --workflows` names it.",
    )


def not_readable(what: str, error: OSError) -> NotRead:
    cause, words = _CAUSES.get(error.errno or 0, ("other", error.strerror or str(error)))
    return NotRead(cause, f"{what} cannot be read now: {words}. It is tried again.")
