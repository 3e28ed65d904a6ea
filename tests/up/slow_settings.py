"""The product's settings with the slow app last, so that its handler stands in for the real one."""

from dashboard.settings import *  # noqa: F403
from dashboard.settings import INSTALLED_APPS

INSTALLED_APPS.append("tests.up.slow.Slow")
