"""What a caller says about its calls to a service, many at once. Pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Report:
    """One aggregate. ``ok + failed`` calls were made, ``slow`` of them took long; ``refused`` were not made.

    ``seq`` counts a caller's reports, so that a resend is harmless (0: not counted). ``trailing_failures`` and
    ``longest_run`` are failures in a row at its end and within; None: the successes are taken to come first.
    ``lease_id`` says that this was a trial, and settles it.
    """

    ok: int = 0
    failed: int = 0
    slow: int = 0
    refused: int = 0
    fallback: dict[str, int] = field(default_factory=dict)
    caller: str = ""
    seq: int = 0
    lease_id: str = ""
    trailing_failures: int | None = None
    longest_run: int | None = None
    sample: str = ""

    def run_after(self, before: int) -> int:
        """Failures in a row at its end, where there were ``before`` before it."""
        if not self.ok:
            return before + self.failed
        return self.failed if self.trailing_failures is None else min(self.trailing_failures, self.failed)

    def longest_after(self, before: int) -> int:
        """The longest row of failures that it shows, with what came before it."""
        within = 0 if self.longest_run is None else min(self.longest_run, self.failed)
        return max(within, self.run_after(before))
