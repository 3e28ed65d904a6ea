"""Where else something can be seen: a workflow in Temporal's own pages."""

from urllib.parse import quote

from django.conf import settings


def workflow_url(workflow_id: str, run_id: str = "") -> str:
    """ "" where the address of Temporal's pages is not known. Without a run: its last one."""
    return _url("workflows", workflow_id, run_id)


def children_url(workflow_id: str) -> str:
    """The list of all that it began."""
    found = _url("workflows")
    asked = workflow_id.replace("\\", "\\\\").replace('"', '\\"')
    query = quote(f'ParentWorkflowId="{asked}"', safe="")
    return f"{found}?query={query}" if found else ""


def _url(*parts: str) -> str:
    if not settings.TEMPORAL_UI_URL:
        return ""
    namespace = getattr(settings, "TEMPORAL_NAMESPACE", "default")
    path = [quote(part, safe="") for part in (namespace, *parts) if part]
    return "/".join([settings.TEMPORAL_UI_URL.rstrip("/"), "namespaces", *path])
