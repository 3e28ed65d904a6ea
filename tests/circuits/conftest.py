"""What the tests of orders and of the registry share: circuits by name, and clicks on their controls."""

import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from circuits import services
from circuits.models import Change, Circuit, Order, Service
from tests.approvals.core.conftest import NOBODY as NOBODY
from tests.approvals.core.conftest import via as via  # a fixture
from tests.temporal import House, until
from worker import client as door

ENTITY = "CircuitBreakerWorkflow"


class Circuits:
    """Entities of one test: each test has names of its own, for Temporal remembers those of all the others."""

    def __init__(self, house: House, address: str) -> None:
        self.house = house
        self.address = address
        self.service = f"payments-{uuid.uuid4().hex[:8]}"

    def handle(self, service: str = "") -> Any:
        return self.house.client.get_workflow_handle(f"circuit-{service or self.service}")

    def begin(self, *args: Any) -> Circuit:
        """An entity that has been written down."""
        self.house.start(self.service, *args, workflow=ENTITY, id=f"circuit-{self.service}")
        self.fails(1)
        reason = f"written down {uuid.uuid4()}"
        self.house.signal(self.handle(), "reset", "setup", reason)
        until(lambda: Change.objects.filter(circuit__service=self.service, reason=reason).exists())
        return self.row()

    def begin_named(self) -> Circuit:
        """The entity's own idea of its name, which has to end somewhere, is the row's."""
        self.house.start(self.service, workflow=ENTITY, id=f"circuit-{self.service}")
        self.house.signal(self.handle(), "reset", "setup", "to be written down")
        return until(lambda: Circuit.objects.filter(service=self.service[:200]).first())

    def told_by_describe(self) -> str:
        """The product's client has a connection now."""
        return door.describe(f"circuit-{self.service}").status

    def fails(self, number: int) -> None:
        self.house.signal(self.handle(), "record", {"failed": number, "caller": "w-1", "sample": "503"})

    def told(self, service: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.house.ask(self.handle(service), "get_state")
        return found

    def row(self, service: str = "") -> Circuit:
        return Circuit.objects.get(service=service or self.service)

    def click(self, by: User, action: str = "forced_open", **more: Any) -> services.Receipt:
        """As from a page that was drawn just now."""
        row = Circuit.objects.filter(service=self.service).first()
        usual = {
            "service": self.service,
            "reason": "They move house",
            "seconds": 3_600.0 if action not in ("closed", "reset") else None,
            "order_id": str(uuid.uuid4()),
            "shown": row.interventions if row else 0,
            "patience": 30.0,
        }
        return services.order(action=Order.Action(action), by=by, **{**usual, **more})  # type: ignore[arg-type]

    def end(self) -> None:
        names = {*Circuit.objects.values_list("service", flat=True), *Service.objects.values_list("name", flat=True)}
        for name in {self.service, *names}:
            self.terminate(name)

    def terminate(self, service: str = "") -> None:
        from temporalio.service import RPCError

        try:
            self.house.run(self.handle(service).terminate("the test is over"))
        except RPCError:
            pass  # there is none


def ordered(circuits: Circuits) -> int:
    """How many orders the entity has taken since it was written down first."""
    return int(circuits.told()["interventions"]) - 1


@pytest.fixture
def circuits(house: House, temporal_server: str) -> Any:
    made = Circuits(house, temporal_server)
    yield made
    made.end()


@pytest.fixture
def see(client):
    """The words of a page as this person sees it, spaces as one."""

    def page(user, address: str, status: int = 200) -> str:
        client.force_login(user)
        answer = client.get(address)
        assert answer.status_code == status
        return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())

    return page
