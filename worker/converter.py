"""How values become payloads: plain JSON, read so that no rubbish from outside can wedge a workflow."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import CompositePayloadConverter, DataConverter, DefaultPayloadConverter


class Unreadable:
    """Stands for a value that could not be read: neither a text nor nothing, so it never passes for a missing one."""

    def __repr__(self) -> str:
        return "(unreadable)"


UNREADABLE = Unreadable()


class TolerantConverter(CompositePayloadConverter):
    """The SDK's default converters; where no type is asked for, what cannot be read is ``UNREADABLE``.

    A decoding error in a workflow would wedge it for good, and there are many: text that is no JSON or no UTF-8,
    unknown encodings and messages, nesting without end. So any error counts.
    """

    def __init__(self) -> None:
        super().__init__(*DefaultPayloadConverter().converters.values())

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        values: list[Any] = []
        for index, payload in enumerate(payloads):
            hint: Any = type_hints[index] if type_hints and index < len(type_hints) else None
            try:
                values += super().from_payloads([payload], None if hint is None else [hint])
            except Exception:
                if hint not in (None, Any):
                    raise
                values.append(UNREADABLE)
        return values


CONVERTER = dataclasses.replace(DataConverter.default, payload_converter_class=TolerantConverter)
