"""What S3, or the way to it, says, in words; nothing else of an answer, for that may name more. Pure."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from worker.payloads.config import config
from worker.payloads.troubles import NotRead, NotStored, Trouble, not_there


@contextmanager
def storing() -> Iterator[None]:
    try:
        yield
    except Trouble:
        raise
    except Exception as error:
        cause, words = _in_words(error)
        what = f"Nothing can be stored in the bucket {config.bucket} now: {words}."
        raise NotStored(cause, f"{what} It is tried again; once it can, all goes on by itself.") from None


@contextmanager
def reading(what: str) -> Iterator[None]:
    """What S3 or the way to it says, as ours; none of the libraries' own errors goes on, for they may name more."""
    try:
        yield
    except (Trouble, GeneratorExit):
        raise
    except Exception as error:
        if code_of(error) in ("404", "NoSuchKey"):
            raise not_there(what) from None
        cause, words = _in_words(error)
        raise NotRead(cause, f"{what} cannot be read now: {words}. It is tried again.") from None


def code_of(error: Exception) -> str:
    found = getattr(error, "response", {})
    return str(found.get("Error", {}).get("Code", "")) if isinstance(found, dict) else ""


_DENIED = ("403", "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken")


def _in_words(error: Exception) -> tuple[str, str]:
    """(cause, words). The code only: what else is in an answer is not for logs."""
    code = re.sub(r"\W", "", code_of(error))[:60]
    if code in _DENIED:
        return "denied", f"S3 denies it ({code}); are the keys and the bucket's policy right"
    if code == "NoSuchBucket":
        return "away", "there is no such bucket"
    if code:
        return "away", f"S3 answers {code}"
    if "Credentials" in type(error).__name__:
        return "denied", "no keys for S3 are named"
    return "away", "S3 does not answer, or not in time"


def trouble_in(error: BaseException) -> Trouble | None:
    """The trouble that an error was raised for, however deep."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, Trouble):
            return seen
        seen = seen.__cause__
    return None
