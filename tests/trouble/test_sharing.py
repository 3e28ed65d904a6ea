"""A budget holds across batches and worker processes; ``bin/bench budget`` shows the same over three minutes."""

import pytest

from tests.trouble.sharing import Sharing

pytestmark = pytest.mark.timeout(300)


def test_two_batches_on_two_workers_call_no_more_than_the_service_takes_and_most_of_it(tmp_path):
    house = Sharing(tmp_path, limit=20, seconds=4)
    try:
        seen = house.share(12)
    finally:
        house.end()
    assert seen.most_of_all <= 20
    assert seen.used >= 0.75, "nearly all of it, where the machine has nothing else to do"
    assert min(seen.batches) >= 0.3 * sum(seen.batches), "neither starves"
