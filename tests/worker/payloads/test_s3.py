"""What is kept outside Temporal lies in an S3 bucket as in a folder; and what S3 says on a bad day, in words."""

import uuid
from datetime import UTC, datetime

import pytest
from moto.server import ThreadedMotoServer
from temporalio.api.sdk.v1.external_storage_pb2 import ExternalStorageReference
from temporalio.converter import JSONProtoPayloadConverter, StorageDriverStoreContext, StorageDriverWorkflowInfo

from tests.temporal import SINGLE, until
from tests.worker.payloads.conftest import BIG, failures_of, file_of, payloads_of, value_of
from tests.worker.payloads.s3 import BUCKET, KEY_ID, SECRET, bad_day
from tests.worker.payloads.test_storage_command import told
from worker.converter import CONVERTER, UNREADABLE
from worker.dataset_contract import LoadSet, ProcessSet
from worker.datasets import moving
from worker.datasets.moving import Moving
from worker.payloads import bucket, clearing, s3driver
from worker.payloads.bucket import PAYLOADS, SETS, Bucket, owner_in, path_of
from worker.payloads.config import KB, config
from worker.payloads.folder import Folder, Owner
from worker.payloads.troubles import NotRead, NotStored

ODD = Owner("default", "orders/../ä b%2F/\x00", "run-1", "")
DATA = b"some bytes " * 20_000


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def at(monkeypatch):
    """S3 is at this address."""

    def there(address):
        for name, value in {
            "AWS_ENDPOINT_URL_S3": address,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "eu-central-1",
        }.items():
            monkeypatch.setenv(name, value)
        bucket.client.cache_clear()

    yield there
    bucket.client.cache_clear()


@pytest.fixture
def s3(at, s3_server, tmp_path):
    """A bucket with nothing in it; nothing is packed, and from 16 KB on it lies there."""
    at(s3_server)
    config.pack_from, config.move_from, config.folder, config.bucket = 0, 16 * KB, tmp_path / "payloads", BUCKET
    where = {"LocationConstraint": "eu-central-1"}
    if BUCKET not in [each["Name"] for each in bucket.client().list_buckets()["Buckets"]]:
        bucket.client().create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    for each in bucket.client().list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        bucket.client().delete_object(Bucket=BUCKET, Key=each["Key"])
    return bucket.client()


def keys(s3):
    return [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


# --- payloads -------------------------------------------------------------------------------------------------------


def test_a_big_request_lies_in_the_bucket_and_its_result_in_temporal(house, program, obey, maria, s3):
    obey.gives = value_of(60 * KB)
    handle = house.start({**BIG, "action": {"name": "obey", "args": {}}}, workflow=SINGLE, id="program-single-s3")
    house.waits(handle)
    house.signal(handle, "approve", "maria")
    assert house.run(program.get_workflow_handle(handle.id).result())["result"] == obey.gives
    found = payloads_of(house, handle)
    assert len(found["workflow_execution_started"].data) < 600
    assert found["workflow_execution_completed"].metadata["encoding"] == b"json/plain"
    assert {blob.owner.workflow_id for blob in Bucket(PAYLOADS).all()} == {handle.id}
    assert Folder(config.folder).root.exists() is False


def test_what_was_kept_in_the_folder_before_is_still_read(house, s3):
    house.worker.stop()
    config.bucket = ""
    handle = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    assert file_of(Folder(config.folder))
    config.bucket = BUCKET
    house.worker.start()
    house.waits(handle)


def test_a_workflow_whose_object_is_damaged_waits_and_goes_on_once_it_is_back(house, s3):
    house.worker.stop()
    handle = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    (key,) = keys(s3)
    whole = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=key, Body=whole[:-1] + b"!")
    house.worker.start()
    (said, *_more) = until(lambda: failures_of(house, handle), what="its workflow task failed")
    assert "cut off or changed" in said
    named = until(lambda: [w for w in told("verify", "--workflows")[1]["waiting"] if w["workflow_id"] == handle.id])
    assert (named[0]["place"], named[0]["cause"]) == ("bucket", "damaged")
    s3.put_object(Bucket=BUCKET, Key=key, Body=whole)
    house.waits(handle)


async def test_what_lies_in_a_bucket_that_is_no_longer_named_is_not_taken_for_rubbish(s3):
    context = StorageDriverStoreContext(target=StorageDriverWorkflowInfo(namespace="default", id="w"))
    converter = CONVERTER._with_store_context(context)
    (sent,) = await converter.encode([BIG])
    assert await converter.decode([sent]) == [BIG]
    for other in ("another", ""):
        config.bucket = other
        with pytest.raises(NotRead, match=f"lies in the bucket {BUCKET}"):
            await converter.decode([sent])


BAD_CLAIMS = [
    {},
    {"bucket": BUCKET, "key": "secret", "hash_algorithm": "sha256", "hash_value": "0" * 64},
    {
        "bucket": BUCKET,
        "key": f"v0/ns/a/wt/b/wi/c/ri/d/d/sha256/{'0' * 64}",
        "hash_algorithm": "md5",
        "hash_value": "0",
    },
]


@pytest.mark.parametrize("claim", BAD_CLAIMS)
async def test_a_claim_that_is_none_of_ours_reads_as_unreadable(claim):
    given = JSONProtoPayloadConverter().to_payload(
        ExternalStorageReference(driver_name="aws.s3driver", claim_data=claim)
    )
    given.external_payloads.add().size_bytes = 7
    assert await CONVERTER.decode([given]) == [UNREADABLE]


BAD_DAYS = {
    "503": ("away", "S3 answers SlowDown"),
    "denied": ("denied", "S3 denies it"),
    "no such bucket": ("away", "there is no such bucket"),
    "silent": ("away", "S3 does not answer, or not in time"),
}


@pytest.fixture
def impatient(monkeypatch):
    """A client that waits for a second, not for ten."""
    from botocore.config import Config

    monkeypatch.setattr(
        bucket, "limits", lambda: Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
    )


@pytest.mark.parametrize(("answer", "cause", "words"), [(name, *more) for name, more in BAD_DAYS.items()], ids=BAD_DAYS)
def test_a_bad_day_of_s3_is_said_in_words_and_without_secrets(at, impatient, caplog, answer, cause, words):
    config.bucket = BUCKET
    place = Bucket(SETS)
    key = f"{SETS}{path_of(ODD)}/d/sha256/{'0' * 64}"
    with bad_day(answer) as address:
        at(address)
        with pytest.raises(NotStored) as stored:
            place.put(ODD, [DATA])
        with pytest.raises(NotRead) as read, place.open(key) as file:
            file.read()
        with pytest.raises(NotRead):
            list(place.all())
    assert (stored.value.cause, read.value.cause) == (cause, cause)
    said = f"{stored.value}{read.value}{caplog.text}"
    assert words in str(stored.value)
    assert not any(word in said for word in (SECRET, KEY_ID))
    assert (stored.value.__cause__, read.value.__cause__) == (None, None), "no traceback that names more"


@pytest.mark.parametrize("answer", ["slow", "cut off"])
def test_an_object_that_comes_by_half_is_none(at, impatient, answer):
    config.bucket = BUCKET
    key = f"{PAYLOADS}{path_of(ODD)}/d/sha256/{'0' * 64}"
    with bad_day(answer) as address:
        at(address)
        for ask in (lambda: s3driver._got(key), lambda: Bucket(PAYLOADS).verify(key)):
            with pytest.raises(NotRead, match="S3 does not answer, or not in time") as trouble:
                ask()
            assert trouble.value.cause == "away"


def test_no_log_however_talkative_names_what_lets_one_in_or_what_is_stored(s3, monkeypatch, caplog):
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
    bucket.client.cache_clear()
    caplog.set_level("DEBUG")
    place = Bucket(PAYLOADS)
    assert place.verify(place.put(ODD, [b"4,000 euros for maria"]).key)
    assert not any(word in caplog.text for word in (SECRET, KEY_ID, "4,000 euros"))


def test_while_s3_answers_503_a_workflow_waits_and_then_goes_on(house, s3, at, s3_server, impatient, caplog):
    house.worker.stop()
    handle = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    with bad_day("503") as address:
        at(address)
        house.worker.start()
        (said, *_more) = until(lambda: failures_of(house, handle), what="its workflow task failed")
    at(s3_server)
    assert "S3 answers SlowDown. It is tried again." in said
    house.waits(handle)
    assert SECRET not in caplog.text


# --- as a folder does -----------------------------------------------------------------------------------------------


def test_what_was_stored_is_read_and_says_whose_it_is(s3):
    place = Bucket(SETS)
    stored = place.put(ODD, [DATA[:1_000], DATA[1_000:]])
    with place.open(stored.key) as file:
        assert file.read() == DATA
    assert (stored.size, place.verify(stored.key)) == (len(DATA), len(DATA))
    (blob,) = place.all()
    assert (blob.key, blob.owner, blob.size) == (stored.key, ODD, len(DATA))
    assert [each.key for each in place.of(ODD)] == [stored.key]
    assert list(place.of(Owner("default", "orders"))) == []
    assert not place.remove(stored.key, unless_since=blob.at - 5)
    assert place.remove(stored.key, unless_since=blob.at)
    assert (keys(s3), place.remove(stored.key)) == ([], True)
    with pytest.raises(NotRead, match="is not there") as gone:
        place.open(stored.key)
    assert gone.value.cause == "missing"


@pytest.mark.parametrize("key", ["", "secret", "datasets/secret", f"v0/ns/a/wt/b/wi/c/ri/d/d/sha256/{'0' * 64}"])
def test_no_other_object_is_read_through_it(s3, key):
    assert owner_in(key, SETS) is None
    with pytest.raises(NotRead, match="is not there"):
        Bucket(SETS).open(key)


def test_what_is_there_for_long_is_stored_again_lest_a_sweep_is_about_to_take_it(s3, monkeypatch):
    key = Bucket(PAYLOADS).put(ODD, [DATA]).key
    assert s3driver._is_fresh(key)
    monkeypatch.setattr(s3driver, "FRESH", -5.0)
    assert not s3driver._is_fresh(key)
    assert not s3driver._is_fresh(f"{key[:-1]}x")


def test_a_data_set_is_processed_in_the_bucket_and_cleaned_up(house, s3):
    given = {"loader": "numbers", "loader_args": {"count": 20_000}, "processor": "sum", "kind": "s3"}
    result = house.result(house.start(given, workflow="DatasetWorkflow", id=f"dataset-{uuid.uuid4()}"))
    assert (result["status"], result["result"]["rows"], result["cleaned"]) == ("completed", 20_000, True)
    assert keys(s3) == []


def test_a_data_set_that_was_altered_in_the_bucket_is_noticed(s3):
    data = moving.load(LoadSet("numbers", {"count": 5_000}, "s3"), ODD, Moving())
    s3.put_object(Bucket=BUCKET, Key=data.key, Body=b"x" * data.size)
    for ask in (lambda: moving.verify(data), lambda: moving.process(ProcessSet("count", {}, data), Moving())):
        with pytest.raises(NotRead, match="cut off or changed"):
            ask()


def test_what_an_ended_run_left_in_the_bucket_is_cleaned_up_by_the_workers(house, s3, monkeypatch):
    monkeypatch.setattr(clearing, "SETTLED", -5.0)
    Bucket(SETS).put(Owner("default", f"dataset-{uuid.uuid4()}", str(uuid.uuid4()), "DatasetWorkflow"), [b"left"])
    assert clearing.clear() == 1
    assert keys(s3) == []


def test_a_sweep_takes_what_is_old_and_forgotten_from_the_bucket(house, s3, monkeypatch):
    handle = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    house.waits(handle)
    gone = Bucket(PAYLOADS).put(Owner("default", "forgotten", "", "ApprovalWorkflow"), [DATA]).key
    assert told("sweep", "--delete")[1]["files"] == []
    from worker.payloads import sweeping

    later = datetime.now(UTC).timestamp() + 2 * 86_400
    monkeypatch.setattr(sweeping.time, "time", lambda: later)
    assert [each["key"] for each in told("sweep", "--delete")[1]["files"]] == [gone]
    monkeypatch.undo()
    assert gone not in keys(s3)
