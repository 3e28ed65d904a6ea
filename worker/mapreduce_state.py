"""What a MapReduce remembers: that of a batch, and how far its reduces are. Pure, and no list grows with the data."""

from dataclasses import dataclass, field

from worker.batch_state import BatchState
from worker.mapreduce_contract import FAN_IN
from worker.resilience.versioned import Versioned


@dataclass
class Tree:
    """``level``: the one that is being reduced, from 1; 0: the maps have not ended. ``groups`` of it, and ``done``."""

    level: int = 0
    groups: int = 0
    next_group: int = 0
    done: int = 0
    todo: list[int] = field(default_factory=list)
    """Those that were begun and have to be begun anew."""
    over: bool = False


@dataclass
class MapReduceState:
    """All that survives continue-as-new."""

    batch: BatchState
    reduce: str
    fan_in: int = FAN_IN
    tree: Tree = field(default_factory=Tree)


STATE = Versioned("mapreduce", MapReduceState, version=1)
