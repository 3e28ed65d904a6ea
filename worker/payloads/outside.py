"""What is too big for Temporal is kept outside it, and a reference goes instead: the SDK's external storage. Pure.

A reference that cannot be one of ours reads as unreadable, like all rubbish (docs/adr/0006). One that is ours and
cannot be had raises: a workflow then waits, and goes on once the file is back (docs/adr/0029).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1.external_storage_pb2 import ExternalStorageReference
from temporalio.converter import (
    ActivitySerializationContext,
    ExternalStorage,
    SerializationContext,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    WithSerializationContext,
)

from worker.payloads.bucket import LONGEST, path_of
from worker.payloads.config import config
from worker.payloads.counting import NO_PAYLOAD, count
from worker.payloads.folder import KEY, Folder, Owner
from worker.payloads.plainly import is_plain
from worker.payloads.s3driver import S3Driver
from worker.payloads.troubles import NotRead, Trouble, counted
from worker.payloads.unread import note


class FolderDriver(StorageDriver):
    """Files below ``config.folder``."""

    def name(self) -> str:
        return "leitstand.folder"

    def type(self) -> str:
        return "leitstand.folder"

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        owner = owner_of(context)
        assert owner is not None  # ``choose`` sees to it
        return [await asyncio.to_thread(self._stored, owner, payload) for payload in payloads]

    def _stored(self, owner: Owner, payload: Payload) -> StorageDriverClaim:
        try:
            stored = Folder(_root()).put(owner, [payload.SerializeToString()])
        except Trouble as trouble:
            raise counted(trouble) from trouble.__cause__
        count("stored", stored.size)
        return StorageDriverClaim({"key": stored.key})

    async def retrieve(
        self,
        context: StorageDriverRetrieveContext,  # noqa: ARG002
        claims: Sequence[StorageDriverClaim],
    ) -> list[Payload]:
        return [await asyncio.to_thread(self._retrieved, claim) for claim in claims]

    def _retrieved(self, claim: StorageDriverClaim) -> Payload:
        key = claim.claim_data.get("key", "")
        if not KEY.fullmatch(key):
            return NO_PAYLOAD
        try:
            data = Folder(_root()).read(key)
        except Trouble as trouble:
            raise counted(trouble, "payloads", key) from trouble.__cause__
        count("read", len(data))
        return Payload.FromString(data)


class _Nowhere(StorageDriver):
    """For references to a storage that there is not."""

    def name(self) -> str:
        return "nowhere"

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        raise NotImplementedError

    async def retrieve(
        self,
        context: StorageDriverRetrieveContext,  # noqa: ARG002
        claims: Sequence[StorageDriverClaim],
    ) -> list[Payload]:
        return [NO_PAYLOAD] * len(claims)


_NOWHERE = _Nowhere()


@dataclass(frozen=True)
class Outside(ExternalStorage, WithSerializationContext):
    """The SDK's, but that no reference from outside can raise for what it looks like, and who waits is noted."""

    reader: SerializationContext | None = field(default=None, compare=False)
    """For whom it reads: an activity, or its workflow."""

    def with_context(self, context: SerializationContext) -> "Outside":
        made = replace(self, reader=context)
        object.__setattr__(made, "_store_context", self._store_context)
        return made

    async def _retrieve_payload(self, payload: Payload) -> Payload:
        try:
            return await super()._retrieve_payload(payload)
        except NotRead as trouble:
            raise self._noted(trouble) from None

    async def _retrieve_payload_sequence(self, payloads: Sequence[Payload]) -> list[Payload]:
        try:
            return await super()._retrieve_payload_sequence(payloads)
        except NotRead as trouble:
            raise self._noted(trouble) from None

    def _noted(self, trouble: NotRead) -> NotRead:
        """If a worker's workflow, or an activity of it, waits for it: not what a client only wants to look at.

        Without where it came from: Temporal keeps no failure of an activity that is larger than 4 KB.
        """
        target = self._store_context.target
        if isinstance(target, StorageDriverWorkflowInfo) and target.id and target.run_id:
            own = self.reader if isinstance(self.reader, ActivitySerializationContext) else None
            note(trouble, target.id, target.run_id, (own.activity_type or "") if own else "")
        return trouble.with_traceback(None)

    def _get_driver_by_name(self, name: str) -> StorageDriver:
        return self._driver_map.get(name, _NOWHERE)

    def _decode_reference(self, payload: Payload) -> ExternalStorageReference | None:
        try:
            return super()._decode_reference(payload)
        except Exception:  # whatever it is, it is no reference
            return None


def owner_of(context: StorageDriverStoreContext) -> Owner | None:
    """None where no workflow is named: such a blob nobody could ever sweep."""
    target = context.target
    if not isinstance(target, StorageDriverWorkflowInfo) or not target.id:
        return None
    return Owner(target.namespace, target.id, target.run_id or "", target.type or "")


def choose(context: StorageDriverStoreContext, payload: Payload) -> StorageDriver | None:
    """None: it stays in Temporal."""
    if not config.move_from or payload.ByteSize() < config.move_from or is_plain(payload):
        return None
    owner = owner_of(context)
    if owner is None or (config.bucket and len(path_of(owner)) > LONGEST):
        return None
    return S3 if config.bucket else FOLDER


def _root() -> Path:
    if config.folder is None:
        raise NotRead("away", "No folder is named in which payloads are kept outside Temporal.")
    return config.folder


FOLDER, S3 = FolderDriver(), S3Driver()
OUTSIDE = Outside(drivers=[FOLDER, S3], driver_selector=choose, payload_size_threshold=0)
"""Both, whichever is configured: what was stored by the other before is still read."""
