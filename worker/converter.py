"""How values become payloads: plain JSON, read so that no rubbish from outside can wedge a workflow."""

import dataclasses
import json
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
)


class TolerantJSON(JSONPlainPayloadConverter):
    """Reads what is not JSON as ``None``: a decoding error in a workflow would wedge it for good."""

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        try:
            return super().from_payload(payload, type_hint)
        except (ValueError, TypeError, RuntimeError, RecursionError):
            if type_hint in (None, Any):
                return None
            raise


class TolerantConverter(CompositePayloadConverter):
    """The SDK's default converters with the JSON one made tolerant; encodings nobody knows are read as ``None``."""

    def __init__(self) -> None:
        converters: list[EncodingPayloadConverter] = [
            TolerantJSON() if isinstance(converter, JSONPlainPayloadConverter) else converter
            for converter in DefaultPayloadConverter().converters.values()
        ]
        super().__init__(*converters)

    def from_payloads(self, payloads: Any, type_hints: list[type] | None = None) -> list[Any]:
        values: list[Any] = []
        for index, payload in enumerate(payloads):
            hint = type_hints[index] if type_hints and index < len(type_hints) else None
            try:
                values += super().from_payloads([payload], None if hint is None else [hint])
            except (RuntimeError, KeyError, json.JSONDecodeError):
                if hint not in (None, Any):
                    raise
                values.append(None)
        return values


CONVERTER = dataclasses.replace(DataConverter.default, payload_converter_class=TolerantConverter)
