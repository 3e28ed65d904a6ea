"""The actions of the demo, in the demo only: elsewhere nobody can choose them, and no worker runs them."""

from django.conf import settings

if settings.DEMO:
    from dashboard.demo import actions  # noqa: F401  (importing it registers them)
