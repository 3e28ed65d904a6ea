"""The worker is killed while a service is down: who was served by another, and who is held, is counted once."""

import pytest

from tests.trouble.batch_house import BatchHouse
from tests.up.running import until

pytestmark = pytest.mark.timeout(500)

NUMBER = 600
SIX = ("succeeded", "degraded", "failed", "held", "running", "pending")
REGISTER = """
from django.contrib.auth.models import User
from circuits.models import Service
from circuits.services import save_service
by = User.objects.create_superuser("admin")
save_service(service=Service(name="payments"), rungs=[], reason="to be watched", by=by)
"""


@pytest.fixture
def trouble(tmp_path):
    made = BatchHouse(tmp_path)
    made._manage("shell", "-v", "0", "-c", REGISTER).wait(120)
    yield made
    made.end()


def told(trouble, batch):
    found = trouble.run(batch.query("get_progress"))
    assert sum(found[name] for name in SIX) == found["total"]
    return found


def test_killed_while_items_are_held_and_degraded_all_add_up_and_mended_nothing_is_failed(trouble):
    rung = {"name": "stand-in", "job": "for_even", "attempts": 1}
    spec = {"service": "payments", "fallbacks": [rung], "on_open": "hold", "tolerated_failure_rate": 1}
    batch = trouble.start(list(range(NUMBER)), "mendable", chunk_size=50, max_parallel=3, **spec)
    trouble.until_called(NUMBER // 3)
    trouble.kill_worker()
    now = until(
        lambda: (one := told(trouble, batch))["degraded"] == NUMBER / 2 and not one["running"] and one,
        "all even ones to be served",
        180,
    )
    assert now["held"] + now["failed"] == NUMBER / 2
    assert now["rungs"] == {"stand-in": NUMBER // 2}
    assert (now["holding"]["service"], now["waits"]["cause"]) == ("payments", "circuit")
    assert trouble.needlessly() == []

    (trouble.folder / "mended").touch()
    trouble.run(batch.signal("retry_failed", "olga"))
    trouble.run(batch.signal("redo_degraded", args=["olga", "", 10]))
    trouble.run(trouble.client.get_workflow_handle("circuit-payments").signal("reset", args=["olga", "it is back"]))
    until(lambda: told(trouble, batch)["succeeded"], "it goes on", 120)
    trouble.kill_worker()
    result = trouble.result(batch)
    assert (result["status"], result["failed"], result["degraded"]) == ("completed", 0, NUMBER // 2 - 10)
    lines = trouble.results(result)
    assert sorted(line["number"] for line in lines) == list(range(NUMBER))
    assert sum("rung" in line for line in lines) == NUMBER // 2 - 10
