"""How values become payloads: plain JSON, packed where it is big, read so that no rubbish can wedge a workflow."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import CompositePayloadConverter, DataConverter, DefaultPayloadConverter

from worker.payloads.outside import OUTSIDE
from worker.payloads.packing import Packing, unpacked
from worker.payloads.plainly import Plain, marked


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

    def to_payloads(self, values: Sequence[Any]) -> list[Payload]:
        """What goes out to programs is marked, so that it stays as it is."""
        made = super().to_payloads([each.value if isinstance(each, Plain) else each for each in values])
        return [
            marked(payload) if isinstance(each, Plain) else payload for each, payload in zip(values, made, strict=True)
        ]

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


CONVERTER = dataclasses.replace(
    DataConverter.default, payload_converter_class=TolerantConverter, payload_codec=Packing(), external_storage=OUTSIDE
)


def read(payloads: Sequence[Payload]) -> list[Any]:
    """What stands in payloads that lie in Temporal itself, for whoever has no event loop."""
    return CONVERTER.payload_converter.from_payloads([unpacked(payload) for payload in payloads])
