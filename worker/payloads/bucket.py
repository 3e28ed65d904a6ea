"""Blobs in an S3 bucket: the same that a folder of blobs does, whole or not at all, compared when they are read. Pure.

    <prefix>/ns/…/wt/…/wi/…/ri/…/d/sha256/<64 hex>

as the SDK's driver names payloads: namespace, type and id of the workflow, its run, the SHA-256 of the bytes. Who may
ask, where it is and which region are the usual ``AWS_*`` variables.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote, unquote

from worker.payloads.config import config
from worker.payloads.folder import Blob, Owner, Stored
from worker.payloads.s3errors import code_of, reading, storing
from worker.payloads.troubles import not_there, not_whole, not_written

PAYLOADS, SETS = "v0", "datasets"
_BLOCK = 1_048_576
_KEY = re.compile(r"/ns/([^/]+)/wt/([^/]+)/wi/([^/]+)/ri/([^/]+)/d/sha256/([0-9a-f]{64})")
_NONE = "null"
LONGEST = 900
"""Characters of an owner in a key, of which S3 takes 1,024 in all."""


@lru_cache(1)
def client() -> Any:
    """One for all threads."""
    import boto3

    return boto3.session.Session().client("s3", config=limits())


def limits() -> Any:
    """It gives up after some twenty seconds: whoever asked tries again."""
    from botocore.config import Config

    tries = {"mode": "standard", "total_max_attempts": 2}
    return Config(connect_timeout=3, read_timeout=10, retries=tries, max_pool_connections=32)


class Bucket:
    """What lies below a prefix in ``config.bucket``."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def put(self, owner: Owner, parts: Iterable[bytes]) -> Stored:
        """By way of a file, for its name is known at its end. Raises NotStored; what ``parts`` raises goes on."""
        try:
            with tempfile.TemporaryFile() as file:
                stored = self._spooled(file, owner, parts)
                with storing():
                    client().upload_fileobj(file, config.bucket, stored.key)
        except OSError as error:  # of the file: closing it says once more that there is no room
            raise not_written(tempfile.gettempdir(), error) from error
        return stored

    def _spooled(self, file: BinaryIO, owner: Owner, parts: Iterable[bytes]) -> Stored:
        summed, size = hashlib.sha256(), 0
        for part in parts:
            file.write(part)
            summed.update(part)
            size += len(part)
        file.seek(0)
        return Stored(f"{self.prefix}{path_of(owner)}/d/sha256/{summed.hexdigest()}", summed.hexdigest(), size)

    def open(self, key: str) -> BinaryIO:
        """Raises NotRead, and so does reading."""
        with reading(self.name_of(key)):
            body = client().get_object(Bucket=config.bucket, Key=self._checked(key))["Body"]
        return cast(BinaryIO, _Body(body, self.name_of(key)))

    def verify(self, key: str) -> int:
        summed, size = hashlib.sha256(), 0
        with self.open(key) as file:
            while block := file.read(_BLOCK):
                summed.update(block)
                size += len(block)
        if summed.hexdigest() != key.rpartition("/")[2]:
            raise not_whole(self.name_of(key))
        return size

    def all(self) -> Iterator[Blob]:
        return self._below(f"{self.prefix}/")

    def of(self, owner: Owner) -> Iterator[Blob]:
        """Those of this workflow, of all its runs."""
        return self._below(f"{self.prefix}{path_of(owner).rpartition('/ri/')[0]}/ri/")

    def _below(self, prefix: str) -> Iterator[Blob]:
        with reading(f"The bucket {config.bucket}"):
            for page in client().get_paginator("list_objects_v2").paginate(Bucket=config.bucket, Prefix=prefix):
                for each in page.get("Contents", ()):
                    at = each["LastModified"].timestamp()
                    yield Blob(each["Key"], owner_in(each["Key"], self.prefix), each["Size"], at)

    def remove(self, key: str, unless_since: float = float("inf")) -> bool:
        """Whether it went; not where it was stored again since then."""
        with reading(self.name_of(key)):
            try:
                found = client().head_object(Bucket=config.bucket, Key=self._checked(key))
            except client().exceptions.ClientError as error:
                if code_of(error) == "404":
                    return True
                raise
            if found["LastModified"].timestamp() > unless_since:
                return False
            client().delete_object(Bucket=config.bucket, Key=key)
        return True

    def leftovers(self, older_than: float) -> list[Path]:  # noqa: ARG002
        """None that could be seen here: what breaks off is not in the bucket."""
        return []

    def name_of(self, key: str) -> str:
        return f"The stored object {self.where(key)}"

    def where(self, key: str) -> str:
        return f"s3://{config.bucket}/{key:.1100}"

    def _checked(self, key: str) -> str:
        if owner_in(key, self.prefix) is None:
            raise not_there("A stored object of such a name")
        return key


class _Body:
    """An answer that is read piece by piece."""

    def __init__(self, body: Any, name: str) -> None:
        self._body, self._name = body, name

    def read(self, size: int = -1) -> bytes:
        with reading(self._name):
            data: bytes = self._body.read(None if size < 0 else size)
            return data

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> "_Body":
        return self

    def __exit__(self, *_why: object) -> None:
        self.close()


def path_of(owner: Owner) -> str:
    """As the SDK's driver writes it."""
    parts = {"ns": owner.namespace, "wt": owner.workflow_type, "wi": owner.workflow_id, "ri": owner.run_id}
    return "".join(f"/{name}/{quote(value, safe='') or _NONE}" for name, value in parts.items())


def owner_in(key: str, prefix: str) -> Owner | None:
    """None where it is no key of ours."""
    found = _KEY.fullmatch(key.removeprefix(prefix)) if key.startswith(f"{prefix}/") else None
    if found is None:
        return None
    namespace, kind, workflow_id, run_id = (unquote("" if part == _NONE else part) for part in found.groups()[:4])
    return Owner(namespace, workflow_id, run_id, kind)
