"""What is said of an activity that cannot have what it works on."""

from temporalio.api.workflow.v1 import PendingActivityInfo

from worker.told import _pending


def test_the_cause_is_named_where_the_sdk_says_only_that_it_could_not_decode():
    given = PendingActivityInfo()
    given.last_failure.message = "Failed decoding arguments"
    given.last_failure.cause.message = "The stored file is not there."
    assert _pending(given, 0).failure == "What it works on cannot be had: The stored file is not there."
    given.last_failure.message = "The shop is closed."
    assert _pending(given, 0).failure == "The shop is closed."
