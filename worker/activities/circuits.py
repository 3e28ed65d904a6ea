"""The activity of circuits: hands what an entity has to say to the service that writes it down."""

from temporalio import activity

from worker import registry
from worker.activities.running import RECORDING, in_thread
from worker.circuit_contract import CircuitNews


@activity.defn
async def record_circuit(given: CircuitNews) -> bool:
    await in_thread(RECORDING, registry.call, "circuits.record_circuit", given)
    return True
