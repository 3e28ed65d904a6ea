"""The codec: payloads above a threshold are packed with Zstandard; packed ones of any release, gzip and zlib are read.

A packed payload is the whole payload, its metadata included, as ``binary/zstd``. What only claims to be one is left as
it came, so that it is read as unreadable and wedges nothing (docs/adr/0006).
"""

import asyncio
import zlib
from collections.abc import Callable, Sequence

import zstandard
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from worker.payloads import sizes
from worker.payloads.config import config
from worker.payloads.plainly import is_plain

ZSTD, GZIP, ZLIB = b"binary/zstd", b"binary/gzip", b"binary/zlib"
LEVEL = 3
WORTH = 0.9
"""A payload that does not shrink to this is sent as it is."""
MOST = 128 * 1_024 * 1_024
"""Bytes of one payload. One that says it is longer is not unpacked: a few kilobytes may claim to be terabytes."""
BIG = 128 * 1_024
"""From here on a thread does it, and the loop goes on."""


class Packing(PayloadCodec):
    """Between the converter and Temporal; what the workflows of the contract return passes as it is."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [await _aside(packed, payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [await _aside(unpacked, payload) for payload in payloads]


async def _aside(do: Callable[[Payload], Payload], payload: Payload) -> Payload:
    return await asyncio.to_thread(do, payload) if len(payload.data) >= BIG else do(payload)


def packed(payload: Payload) -> Payload:
    """Smaller, or as it was."""
    if not config.pack_from or not config.pack_from <= len(payload.data) <= MOST or is_plain(payload):
        return payload
    raw = payload.SerializeToString()
    data = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(raw)
    if len(data) > WORTH * len(raw):
        return payload
    sizes.add("payloads_packed", 1)
    sizes.add("payload_packing_bytes", len(raw), side="before")
    sizes.add("payload_packing_bytes", len(data), side="after")
    return Payload(metadata={"encoding": ZSTD}, data=data)


def unpacked(payload: Payload) -> Payload:
    """As it was before; or what was given, where it is not packed or cannot be unpacked."""
    unpack = _UNPACKING.get(payload.metadata.get("encoding", b""))
    if unpack is None:
        return payload
    try:
        raw = unpack(payload.data)
        return Payload.FromString(raw) if len(raw) <= MOST else payload
    except Exception:  # whatever it is, it is no payload of ours
        return payload


def _unzstd(data: bytes) -> bytes:
    """Of a frame that says how long it is, as ours do."""
    if not 0 <= zstandard.frame_content_size(data) <= MOST:
        raise ValueError("it does not say how long it is, or is too long")
    return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)


def _inflated(data: bytes) -> bytes:
    """The same of gzip and zlib. One that is cut off is refused: a part of a message could pass for a whole one."""
    inflating = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    raw = inflating.decompress(data, MOST + 1)
    if not inflating.eof and len(raw) <= MOST:
        raise ValueError("it is cut off")
    return raw


_UNPACKING = {ZSTD: _unzstd, GZIP: _inflated, ZLIB: _inflated}
