"""What goes into the log of the site, and how long."""

import logging


class ShortRefusals(logging.Filter):
    """That somebody may not do something is no fault in the code: one line, no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = record.exc_text = None
        return True
