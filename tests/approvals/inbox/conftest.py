"""Temporal, played as in the tests of the pages."""

from tests.approvals.web.conftest import temporal  # noqa: F401
