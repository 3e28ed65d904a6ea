"""Every voice can be read on every ground it is used on, in both themes."""

import re

import pytest
from django.conf import settings

CSS = (settings.BASE_DIR / "static/css/variables.css").read_text()
COLOURS = dict(re.findall(r"--([\w-]+): light-dark\((#\w+, #\w+)\)", CSS))

GROUNDS = ("ground", "panel", "sunk", "here")
TEXT = [(voice, ground) for voice in ("ink", "soft", "accent", "accent-strong") for ground in GROUNDS]
TEXT += [(state, f"tint-{state}") for state in ("ok", "wait", "bad", "run", "held")]
TEXT += [(state, ground) for state in ("ok", "wait", "bad") for ground in ("panel", "here", "ground")]
TEXT += [(voice, f"tint-{state}") for voice in ("ink", "accent") for state in ("ok", "wait", "bad", "run")]
TEXT += [
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
    ("on-wait", "wait"),
    ("panel", "ink"),
    ("panel", "ok"),
    ("panel", "bad"),
]
EDGES = [("edge", "panel"), ("accent", "ground"), ("accent", "panel")]
EDGES += [(state, "panel") for state in ("ok", "bad", "run", "held", "wait")]  # bars, lines and maps


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("voice", "ground"), TEXT)
def test_text_can_be_read(voice, ground, theme):
    assert contrast(colour(voice, theme), colour(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_that_mean_something_can_be_seen(edge, ground, theme):
    assert contrast(colour(edge, theme), colour(ground, theme)) >= 3


def test_no_stylesheet_but_the_variables_names_a_colour():
    for name in ("base", "approvals", "home", "audit", "circuits", "batches"):
        css = (settings.BASE_DIR / f"static/css/{name}.css").read_text().partition("@media print")[0]
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(", css), name


def colour(name: str, theme: int) -> str:
    return COLOURS[name].split(", ")[theme]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
