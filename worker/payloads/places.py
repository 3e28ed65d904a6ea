"""Where payloads lie outside Temporal, whichever place is configured now, and whether one is there. Pure."""

from worker.payloads.bucket import PAYLOADS, Bucket
from worker.payloads.config import config
from worker.payloads.folder import Folder
from worker.payloads.troubles import NotRead


def payload_places() -> dict[str, Folder | Bucket]:
    """By the name that a Trouble has for it."""
    places: dict[str, Folder | Bucket] = {"payloads": Folder(config.folder)} if config.folder else {}
    return {**places, **({"bucket": Bucket(PAYLOADS)} if config.bucket else {})}


def is_whole(place: str, key: str) -> bool:
    """Read through, and compared with its name."""
    try:
        found = payload_places().get(place)
        return found is not None and found.verify(key) >= 0
    except NotRead:
        return False


def where(place: str, key: str) -> str:
    """As ops would look for it."""
    found = payload_places().get(place)
    return found.where(key) if found else key
