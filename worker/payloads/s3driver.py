"""Payloads in an S3 bucket: the SDK's driver, with a client for every event loop, and errors in words. Pure.

boto3 in threads, not aioboto3: a client of that belongs to one event loop, and a process of ours has several.
"""

import asyncio
import re
import time
from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.contrib.aws.s3driver import S3StorageDriver, S3StorageDriverClient
from temporalio.converter import StorageDriverClaim, StorageDriverRetrieveContext, StorageDriverStoreContext

from worker.payloads import bucket
from worker.payloads.bucket import PAYLOADS
from worker.payloads.config import config
from worker.payloads.counting import NO_PAYLOAD, count
from worker.payloads.s3errors import code_of, storing, trouble_in
from worker.payloads.troubles import NotRead, counted, not_whole
from worker.reading import printable

FRESH = 3_600.0
"""Seconds for which an object that is there is not stored again; an old one is, lest a sweep be about to take it."""


class _Client(S3StorageDriverClient):
    """Of ``config.bucket``, whichever is named."""

    async def put_object(self, *, bucket: str, key: str, data: bytes) -> None:  # noqa: ARG002
        await asyncio.to_thread(_put, key, data)

    async def object_exists(self, *, bucket: str, key: str) -> bool:  # noqa: ARG002
        return await asyncio.to_thread(_is_fresh, key)

    async def get_object(self, *, bucket: str, key: str) -> bytes:  # noqa: ARG002
        return await asyncio.to_thread(_got, key)


def _put(key: str, data: bytes) -> None:
    with storing():
        bucket.client().put_object(Bucket=config.bucket, Key=key, Body=data)


def _is_fresh(key: str) -> bool:
    with storing():
        try:
            found = bucket.client().head_object(Bucket=config.bucket, Key=key)
        except bucket.client().exceptions.ClientError as error:
            if code_of(error) == "404":
                return False
            raise
    return bool(found["LastModified"].timestamp() > time.time() - FRESH)


def _got(key: str) -> bytes:
    with bucket.Bucket(PAYLOADS).open(key) as file:
        return file.read()


class S3Driver(S3StorageDriver):
    """The SDK's, for our one bucket."""

    def __init__(self) -> None:
        super().__init__(_Client(), bucket=lambda _context, _payload: config.bucket)

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        try:
            claims = await super().store(context, payloads)
        except Exception as error:
            if trouble := trouble_in(error):
                raise counted(trouble) from None
            raise
        for payload in payloads:
            count("stored", payload.ByteSize())
        return claims

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        return [await self._retrieved(context, claim) if _is_ours(claim) else NO_PAYLOAD for claim in claims]

    async def _retrieved(self, context: StorageDriverRetrieveContext, claim: StorageDriverClaim) -> Payload:
        try:
            _in_our_bucket(claim)
            (payload,) = await super().retrieve(context, [claim])
        except Exception as error:
            if trouble := trouble_in(error):
                raise counted(trouble, "bucket", claim.claim_data["key"]) from None
            raise counted(
                _broken(claim), "bucket", claim.claim_data["key"]
            ) from None  # the SDK's word for a wrong checksum
        count("read", payload.ByteSize())
        return payload


def _broken(claim: StorageDriverClaim) -> NotRead:
    return not_whole(bucket.Bucket(PAYLOADS).name_of(claim.claim_data["key"]))


def _is_ours(claim: StorageDriverClaim) -> bool:
    """Whether it looks as we write them; all else reads as unreadable."""
    data = claim.claim_data
    whole = data.get("hash_algorithm") == "sha256" and re.fullmatch(r"[0-9a-f]{64}", data.get("hash_value", ""))
    return bool(whole and data.get("bucket") and bucket.owner_in(data.get("key", ""), PAYLOADS))


def _in_our_bucket(claim: StorageDriverClaim) -> None:
    """Nobody reads another bucket through us; and where the setting was changed, what lies in the one before waits."""
    named = claim.claim_data["bucket"]
    if named != config.bucket:
        raise NotRead(
            "away",
            f"A payload lies in the bucket {printable(named[:80])}, and LEITSTAND_PAYLOAD_BUCKET names "
            f"{config.bucket or 'none'}. Name that one again and all goes on by itself.",
        )
