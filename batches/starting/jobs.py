"""Jobs, maps and reduces as forms offer them: what each does, and a field for each of its arguments."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from approvals import inputs
from approvals.forms import TYPES
from batches.starting.filled import JOB, as_typed
from worker import registry
from worker.registry import Parameter, Registered


@dataclass(frozen=True)
class Argument:
    name: str
    label: str
    type: Any
    required: bool
    value: str


@dataclass(frozen=True)
class JobFields:
    """``takes_item``: one that does not does the same for each. ``prefix``: of the names of its fields."""

    job: Registered
    about: str
    fields: tuple[Argument, ...]
    prefix: str = JOB

    @property
    def name(self) -> str:
        return self.job.name

    @property
    def title(self) -> str:
        return self.job.title

    @property
    def takes_item(self) -> bool:
        return "item" in self.job.reserved

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What was typed, in its type where it is of it; an empty field is an argument that was not given."""
        typed = {one.name: str(given.get(_field(self.prefix, self.job, one), "")) for one in self.job.parameters}
        args = {
            one.name: inputs.argument_of(one, typed[one.name]) for one in self.job.parameters if typed[one.name].strip()
        }
        clean, errors = self.job.check(args)
        return args if errors else clean


def job_fields(given: Mapping[str, Any], *, bound: bool) -> list[JobFields]:
    """Those that are handed the item first: what a batch is made for."""
    found = sorted(registry.jobs.all(), key=lambda job: ("item" not in job.reserved, job.name))
    return fields_of(found, given, bound=bound)


def fields_of(found: Iterable[Registered], given: Mapping[str, Any], *, bound: bool, of: str = JOB) -> list[JobFields]:
    return [JobFields(one, inspect.getdoc(one.function) or "", _fields(of, one, given, bound), of) for one in found]


def _fields(of: str, job: Registered, given: Mapping[str, Any], bound: bool) -> tuple[Argument, ...]:
    return tuple(
        Argument(
            _field(of, job, one),
            one.name.replace("_", " "),
            TYPES.get(one.type, str(one.type)),
            one.required,
            str(given.get(_field(of, job, one), "" if bound else _default(one))),
        )
        for one in job.parameters
    )


def _field(of: str, job: Registered, parameter: Parameter) -> str:
    return f"{of}-{job.name}-{parameter.name}"


def _default(parameter: Parameter) -> str:
    return "" if parameter.required or parameter.default is None else as_typed(parameter.default)
