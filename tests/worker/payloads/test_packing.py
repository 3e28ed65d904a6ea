"""Big payloads are packed; packed ones of any release are read, and what only claims to be one wedges nothing."""

import base64
import gzip
import random
import zlib

import pytest
import zstandard
from temporalio.api.common.v1 import Payload
from temporalio.worker import WorkflowInboundInterceptor

from tests.worker.payloads.conftest import value_of
from worker.converter import CONVERTER, UNREADABLE, read
from worker.payloads import packing, sizes
from worker.payloads.config import KB, config, threshold
from worker.payloads.packing import Packing
from worker.payloads.plainly import Plain, PlainResults

BIG = value_of(100 * KB)


@pytest.fixture(autouse=True)
def _packs():
    config.pack_from = 64 * KB
    sizes._counted.clear()


async def there_and_back(value):
    (sent,) = await CONVERTER.encode([value])
    (back,) = await CONVERTER.decode([sent])
    return sent, back


async def test_a_big_value_is_packed_and_comes_back():
    sent, back = await there_and_back(BIG)
    assert dict(sent.metadata) == {"encoding": b"binary/zstd"}
    assert len(sent.data) * 5 < 100 * KB
    assert back == BIG


async def test_a_small_value_is_plain_json():
    sent, back = await there_and_back({"title": "Laptops"})
    assert (dict(sent.metadata), sent.data) == ({"encoding": b"json/plain"}, b'{"title":"Laptops"}')
    assert back == {"title": "Laptops"}


async def test_what_does_not_shrink_is_sent_as_it_is():
    noise = random.Random(1).randbytes(100 * KB)
    sent, back = await there_and_back(noise)
    assert (sent.metadata["encoding"], back) == (b"binary/plain", noise)


async def test_without_a_threshold_nothing_is_packed_but_all_is_read():
    (packed,) = await CONVERTER.encode([BIG])
    config.pack_from = threshold(0)
    sent, back = await there_and_back(BIG)
    assert (sent.metadata["encoding"], back) == (b"json/plain", BIG)
    assert await CONVERTER.decode([packed]) == [BIG]


def test_no_threshold_reaches_what_requests_ordinarily_are():
    assert (threshold(1), threshold(64), threshold(0), threshold(-1)) == (16 * KB, 64 * KB, 0, 0)


PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"title": "Laptops"}')
RAW = PLAIN.SerializeToString()
OF_THE_FIRST_RELEASE = base64.b64decode(
    "KLUv/SQucQEAChYKCGVuY29kaW5nEgpqc29uL3BsYWluEhR7InRpdGxlIjogIkxhcHRvcHMifYCpvT4="
)
"""Never to be changed: payloads like this lie in workflows that are open for weeks."""


@pytest.mark.parametrize(
    "given",
    [
        Payload(metadata={"encoding": b"binary/gzip"}, data=gzip.compress(RAW)),
        Payload(metadata={"encoding": b"binary/zlib"}, data=zlib.compress(RAW)),
        Payload(metadata={"encoding": b"binary/zstd"}, data=zstandard.compress(RAW, 19)),
        Payload(metadata={"encoding": b"binary/zstd"}, data=OF_THE_FIRST_RELEASE),
        PLAIN,
    ],
    ids=["gzip", "zlib", "zstd of another level", "of the first release", "not packed"],
)
async def test_payloads_of_others_and_of_older_releases_are_read(given):
    assert await CONVERTER.decode([given]) == [{"title": "Laptops"}]
    assert read([given]) == [{"title": "Laptops"}]


ZSTD = zstandard.compress(RAW * 2_000)
RUBBISH = {
    "no zstd": (b"binary/zstd", b"rubbish"),
    "nothing": (b"binary/zstd", b""),
    "zstd that is cut off": (b"binary/zstd", ZSTD[:-9]),
    "zstd with something after it": (b"binary/zstd", ZSTD + b"more"),
    "zstd of something else": (b"binary/zstd", zstandard.compress(b"\xff" * 40)),
    "no gzip": (b"binary/gzip", b"rubbish"),
    "gzip that is cut off": (b"binary/gzip", gzip.compress(RAW)[:-9]),
    "gzip of more than may be": (b"binary/gzip", gzip.compress(bytes(300_000), 9)),
    "zstd of more than may be": (b"binary/zstd", zstandard.compress(bytes(300_000))),
}


@pytest.mark.parametrize("given", RUBBISH.values(), ids=RUBBISH)
async def test_what_only_claims_to_be_packed_is_unreadable_and_leaves_its_neighbours_alone(given, monkeypatch):
    monkeypatch.setattr(packing, "MOST", 200_000)
    encoding, data = given
    payload = Payload(metadata={"encoding": encoding}, data=data)
    assert await CONVERTER.decode([PLAIN, payload, PLAIN]) == [{"title": "Laptops"}, UNREADABLE, {"title": "Laptops"}]


async def test_what_workflows_hand_out_is_never_packed():
    (sent,) = await CONVERTER.encode([Plain(BIG)])
    assert sent.metadata["encoding"] == b"json/plain"
    assert await CONVERTER.decode([sent]) == [BIG]
    (small,) = await CONVERTER.encode([Plain({"status": "approved"})])
    assert set(small.metadata) == {"encoding"}


@pytest.mark.parametrize("way", ["execute_workflow", "handle_query", "handle_update_handler"])
async def test_results_and_answers_to_queries_and_updates_are_what_is_handed_out(way):
    async def value(_given):
        return BIG

    within = WorkflowInboundInterceptor(None)
    setattr(within, way, value)
    interceptor = PlainResults().workflow_interceptor_class(None)(within)
    assert await getattr(interceptor, way)(None) == Plain(BIG)


async def test_the_sizes_before_and_after_are_counted():
    before, after = await CONVERTER.encode([Plain(BIG)]), await CONVERTER.encode([BIG])
    counted = {labels or name: number for (name, labels), number in sizes._counted.items()}
    assert counted['{"side": "after"}'] == len(after[0].data)
    assert abs(counted['{"side": "before"}'] - len(before[0].data)) < 100


async def test_nothing_of_a_payload_is_changed_where_it_is_kept():
    given = Payload(metadata={"encoding": b"json/plain"}, data=b'"' + b"x" * 100 * KB + b'"')
    before = given.SerializeToString()
    await Packing().encode([given])
    assert given.SerializeToString() == before
