"""A map and a reduce that write down each of their calls before they begin, and take their time."""

import time
from typing import Any

from tests.trouble.counting.jobs import note
from worker.maps import mapper, reducer


@mapper("noted_map")
def noted_map(*, items: list[Any]) -> dict[str, Any]:
    note(f"map-{items[0]}")
    time.sleep(0.2)
    return {"numbers": len(items), "sum": sum(items)}


@reducer("noted_reduce")
def noted_reduce(*, partials: list[Any]) -> dict[str, Any]:
    note(f"reduce-{partials[0]['sum']}")
    time.sleep(0.5)
    return {name: sum(partial[name] for partial in partials) for name in ("numbers", "sum")}
