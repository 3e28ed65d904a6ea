"""Replays recorded histories against the workflows as they are now, without a server, a database or Django.

    python tests/worker/replaying.py FOLDER

Names each history that the workflows would not write any more, and ends with the number of them.
"""

import asyncio
import os
import sys
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from worker import sandbox
from worker.converter import CONVERTER


async def replay(files: list[Path]) -> int:
    replayer = Replayer(workflows=sandbox.WORKFLOWS, workflow_runner=sandbox.runner(), data_converter=CONVERTER)
    broken = 0
    for file in files:
        result = await replayer.replay_workflow(
            WorkflowHistory.from_json(file.stem, file.read_text()), raise_on_replay_failure=False
        )
        broken += result.replay_failure is not None
        print(file.stem, result.replay_failure or "ok", flush=True)
    return broken


if __name__ == "__main__":
    failed = asyncio.run(replay(sorted(Path(sys.argv[1]).glob("*.json"))))
    print("Django is loaded" if "django" in sys.modules else "Django is not loaded", flush=True)
    os._exit(failed)  # the SDK may crash while the interpreter shuts down (docs/adr/0004)
