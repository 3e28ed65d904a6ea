"""What a child of a batch has left behind that ended without a word: chunk by chunk, from their notes."""

from worker.batch_children import CountChild, RunChild, added, runs_of
from worker.batch_wire import ChunkDone, RunChunk
from worker.chunks import running
from worker.chunks.calling import Outcome
from worker.chunks.notes import Notes
from worker.chunks.reading import items_or_numbers
from worker.chunks.settling import Settling


def count(given: CountChild) -> ChunkDone:
    """What is written down counts. The rest is left, or has failed where ``error`` says why. Asked again, the same."""
    child = RunChild(**{**vars(given.child), "at": 0, "done": ChunkDone()})
    for run in runs_of(child):
        child = added(child, run, _failed(run, given.error) if given.error else running.count(run))
    return child.done


def _failed(run: RunChunk, error: str) -> ChunkDone:
    """What this run of a chunk has not done has failed."""
    notes = Notes(run.uuid, run.chunk, run.round)
    try:
        left = [place for place in running.places_of(run) if place not in notes.done]
        if left:
            items = items_or_numbers(run.uuid, run.chunk, run.items)
            settling = Settling(run, notes, items[0].number, lambda: False, lambda: None)
            for place in left:
                settling.add(place, items[place], Outcome(error=error, attempts=0))
            settling.settle(settling.take())
        return running.ended(run, notes)
    finally:
        notes.close()
