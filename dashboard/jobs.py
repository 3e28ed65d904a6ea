"""The jobs of the demo, in the demo only: elsewhere there are none of them, and no worker runs them."""

from django.conf import settings

if settings.DEMO:
    from dashboard.demo import jobs  # noqa: F401  (importing it registers them)
