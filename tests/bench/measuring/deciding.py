"""One decision at a time: how long until its receipt, and until somebody else's page shows it."""

import re
import time
import uuid

from websockets.sync.client import ClientConnection, connect

from tests.bench.measuring.bare import BareClient
from tests.bench.measuring.house import House
from tests.bench.measuring.table import Table, median, ms, p95

PAUSE = 0.08
"""Seconds between two decisions, so that what follows one does not slow down the next."""


def receipts(house: House, bare: BareClient, table: Table, count: int) -> None:
    """POST until "recorded", by turns with the bare SDK on the same server."""
    maria = house.person("maria", "manager")
    warm = 5
    ours = house.requests(count + warm, amount=20_000)
    theirs = bare.start(2 * (count + warm))
    took: dict[str, list[float]] = {"ours": [], "row": [], "query": []}
    for index, request in enumerate(ours):
        begun = time.perf_counter()
        receipt = maria.decide(request, "manager")
        took["ours"].append(time.perf_counter() - begun)
        assert receipt["state"] == "recorded", receipt
        time.sleep(PAUSE)
        took["row"].append(bare.until_row(theirs[2 * index]))
        time.sleep(PAUSE)
        took["query"].append(bare.until_query(theirs[2 * index + 1]))
        time.sleep(PAUSE)
    ours_, row, query = (took[name][warm:] for name in ("ours", "row", "query"))
    for name, of, limit in (("median", median, 2.0), ("95th percentile", p95, 3.0)):
        table.add(f"Decision until recorded, {name}", f"{ms(of(ours_))}")
        for what, bare_ in (("then its row", row), ("then a query", query)):
            ratio = of(ours_) / of(bare_)
            table.add(
                f"  … to bare SDK (signal, activity, {what}: {ms(of(bare_))})",
                f"{ratio:.2f} times",
                f"<= {limit:g} times",
                ratio <= limit,
            )


def pages(house: House, table: Table, count: int) -> None:
    """A click of one, until the frame that shows it has reached the other."""
    maria, _dirk = house.person("maria", "manager"), house.person("dirk", "director")
    took = []
    for request in house.requests(count, amount=20_000):
        with _viewer(house, request) as page:
            before = _frame(page, request)
            begun = time.perf_counter()
            maria.decide(request, "manager")
            while (_now := _frame(page, request)) == before or "maria" not in _now:
                pass
            took.append(time.perf_counter() - begun)
        time.sleep(PAUSE)
    table.add("Click until another's page shows it, median", ms(median(took)))
    table.add("Click until another's page shows it, 95th percentile", ms(p95(took)), "<= 400 ms", p95(took) <= 0.4)


def _viewer(house: House, request: uuid.UUID) -> ClientConnection:
    return connect(
        f"ws://127.0.0.1:{house.up.port}/live/?region=request:{request}",
        origin=f"http://127.0.0.1:{house.up.port}",  # type: ignore[arg-type]
        additional_headers={"Cookie": f"sessionid={house.sessions['dirk']}"},
    )


def _frame(page: ClientConnection, request: uuid.UUID) -> str:
    """The next frame that carries the request itself; pulses do not."""
    while True:
        frame = str(page.recv(timeout=20))
        if re.search(rf'id="region-request-{request}"', frame):
            return frame
