"""Before a MapReduce begins: its functions are looked at, and its data as that of any batch; there may be none."""

from dataclasses import replace

from worker import maps, registry
from worker.batch_wire import DataSet, Prepared
from worker.chunks import folders, preparing
from worker.chunks.preparing import Beat
from worker.datasets.index import Empty
from worker.datasets.references import BadSource
from worker.mapreduce import partials
from worker.mapreduce_contract import MapReduceSpec
from worker.mapreduce_wire import PrepareMapReduce


def prepare(given: PrepareMapReduce, beat: Beat) -> Prepared:
    """Its data and all that is wrong with it. Done twice it gives the same."""
    spec = given.spec
    uuid: str = registry.call("batches.begin", given)
    errors = maps.wrong(registry.maps, "map", spec.job, spec.job_args)
    errors += maps.wrong(registry.reduces, "reduce", spec.reduce, spec.reduce_args)
    if errors:
        return Prepared(uuid, None, errors)
    try:
        data = _data(uuid, spec, beat)
    except BadSource as error:
        return Prepared(uuid, None, [str(error)])
    key = "" if data.kept else spec.item_key
    order = folders.Order(data, f"{uuid}/{given.ref.first_run_id}", spec.job, spec.job_args, key)
    folders.write_order(uuid, order)
    partials.write_plan(uuid, partials.Plan(spec.reduce, spec.reduce_args, spec.fan_in))
    return Prepared(uuid, data)


def _data(uuid: str, spec: MapReduceSpec, beat: Beat) -> DataSet:
    nothing = DataSet(spec.source.uri, spec.source.format, 0, 0, spec.chunk_size, "", 0)
    if spec.source.items == []:
        return nothing
    try:
        return preparing.data_of(uuid, replace(spec, job=""), beat)  # a job of that name is none of its business
    except Empty:
        return nothing
