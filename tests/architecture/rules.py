"""The checkers: each takes paths or text and returns what offends, in words."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOUSE = ("dashboard", "approvals", "circuits", "batches", "accounts", "audit", "live", "worker")
APPS = ("live", "audit", "accounts", "approvals", "circuits", "batches")
"""Each imports only what stands before it here; the site composes them all, the worker's adapters know none."""
PURE = (
    "workflows", "steps", "contracts", "circuit_contract", "reading", "state", "telling", "circuit_telling", "sandbox",
    "registry", "jobs", "traffic", "resilience", "ticking", "datasets", "apart", "compact", "within",
    "maps", "mapreduce_contract", "mapreduce_counting", "mapreduce_state", "mapreduce_steps", "mapreduce_telling",
    "mapreduce_wire", "whole",
    "batch_contract", "batch_wire", "batch_state", "batch_counting", "batch_orders", "batch_telling", "batch_steps",
    "batch_asking", "batch_binding", "batch_waiting", "payloads.config", "payloads.packing", "payloads.plainly",
    "dataset_contract", "dataset_steps", "payloads.sizes", "payloads.troubles", "payloads.folder", "payloads.outside",
    "payloads.bucket", "payloads.counting", "payloads.s3driver", "payloads.s3errors", "payloads.places",
    "payloads.unread",
    "batch_children", "batch_strategy", "batch_groups", "batch_rungs", "batch_holding", "batch_together", "clock_wire",
)  # fmt: skip


def modules(*rooms: str) -> list[Path]:
    """Every Python file of the product: tests and what people keep beside it are not part of the house."""
    return sorted(path for room in rooms or HOUSE for path in (ROOT / room).rglob("*.py"))


def imports(source: str, package: str = "") -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, inside functions too; relative names are made absolute."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]).strip(".")
            yield from ((node.lineno, f"{base}.{alias.name}".strip(".")) for alias in node.names)


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def _is_under(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def sdk_outside_the_worker(room: str, source: str, package: str = "") -> list[str]:
    if room == "worker":
        return []
    return [f"line {line}: {name}" for line, name in imports(source, package) if _is_under(name, "temporalio")]


def against_the_floors(room: str, source: str, package: str = "") -> list[str]:
    """What a module of this room imports from a room that it must not know."""
    if room == "dashboard":
        return []
    allowed = set() if room == "worker" else set(APPS[: APPS.index(room) + 1])
    forbidden = {*APPS, "dashboard", "tests"} - allowed
    return [f"line {line}: {name}" for line, name in imports(source, package) if name.split(".")[0] in forbidden]


def adapters_of_others(room: str, source: str, package: str = "") -> list[str]:
    """The web reaches Temporal through worker.client, for schedules worker.schedules; beside them, apps see floor 0.

    And worker.guard: what any app's jobs call a service through; it asks apps for what they know by name only.
    And worker.tracing: what a call to a service carries. And what batches leave in files: where it lies, and what
    stands in it.
    """
    if room == "worker":
        return []
    files = (
        "mapreduce.partials",
        "chunks.children",
        "chunks.degraded",
        "chunks.ending",
        "chunks.folders",
        "chunks.named",
        "chunks.notes",
        "chunks.reading",
        "chunks.returned",
    )
    doors = tuple(f"worker.{name}" for name in ("client", "schedules", "guard", "tracing", *files, *PURE))
    return [
        f"line {line}: {name}"
        for line, name in imports(source, package)
        if _is_under(name, "worker") and not any(_is_under(name, door) for door in doors)
    ]


def pure_modules() -> list[str]:
    """The dotted names of floor 0, as far as it has been built."""
    found = []
    for name in PURE:
        place = ROOT.joinpath("worker", *name.split("."))
        files: Iterable[Path] = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
        for file in files:
            if file.exists():
                dotted = ".".join(file.relative_to(ROOT).with_suffix("").parts)
                found.append(dotted.removesuffix(".__init__"))
    return sorted(found)


def django_loaded_by(names: Iterable[str], where: Path = ROOT) -> list[str]:
    """Import each in one fresh process: which modules of Django are loaded then."""
    probe = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    probe += "print(*sorted(name for name in sys.modules if name.split('.')[0] == 'django'))"
    ran = subprocess.run(
        [sys.executable, "-c", probe, *names], cwd=where, capture_output=True, text=True, timeout=60, check=True
    )
    return ran.stdout.split()


def beyond_the_library(source: str) -> list[str]:
    """What a module of worker/resilience imports beside Python's own and its sisters, named as such (``.pace``).

    So the folder can be taken into another project under any name.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] not in sys.stdlib_module_names]
        elif isinstance(node, ast.ImportFrom) and node.level != 1:
            module = node.module or ""
            found += [module] if node.level or module.split(".")[0] not in sys.stdlib_module_names else []
    return found


def undescribed(source: str) -> bool:
    """Whether a module does not say what it is for. An empty file says enough by its name."""
    return bool(source.strip()) and not ast.get_docstring(ast.parse(source))


_INLINE = re.compile(
    r"""<style[\s>]                             # a style element
      | <script(?![^>]*\ssrc=)(?![^>]*\stype="application/(?:json|ld\+json)")[^>]*>   # a script with its text inside
      | <[^>]*\s(?:style|on[a-z]+|hx-on[\w:.-]*)\s*=    # a style, a handler, htmx's handler
      | (?:href|src|action)\s*=\s*["']\s*javascript:""",
    re.IGNORECASE | re.VERBOSE,
)
_TEMPLATE_TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)


def inline_code(template: str) -> list[str]:
    """Styles and scripts that the Content-Security-Policy would silence."""
    plain = _TEMPLATE_TAGS.sub(" ", re.sub(r"\{% comment.*?endcomment %\}", "", template, flags=re.DOTALL))
    return [found.group(0)[:80] for found in _INLINE.finditer(plain)]


def holds_workflows(name: str) -> bool:
    """Whether this module, or anything below it as a package, defines or holds a workflow."""
    place = ROOT.joinpath(*name.split("."))
    files = [*place.rglob("*.py")] if place.is_dir() else [place.with_suffix(".py")]
    return any("@workflow.defn" in file.read_text() for file in files) or _is_under(name, "worker.workflows")
