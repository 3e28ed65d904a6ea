"""What goes into the log of the site, how long, and in which form."""

import json
import logging
from datetime import UTC, datetime
from typing import Any


class ShortRefusals(logging.Filter):
    """That somebody may not do something is no fault in the code: one line, no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = record.exc_text = None
        return True


class Json(logging.Formatter):
    """A line of JSON: what was said, and each id by its name (worker/lines.py)."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": getattr(record, "said", None) or record.getMessage(),
            **getattr(record, "ids", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
