"""What the demo's services answer when they answer well."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

ARTICLES = (
    "spindle bearings", "cutting oil", "safety shoes", "pressure gauges", "conveyor belt", "work gloves",
    "cooling pump", "compressor filter", "welding wire", "torque wrench", "pallet jack", "hydraulic hose",
)  # fmt: skip
RATES = {"USD": 1.0834, "GBP": 0.8421, "CHF": 0.9312, "SEK": 11.4205, "NOK": 11.7810, "JPY": 163.42}


def of(*words: str) -> int:
    """A number that is the same for the same words, in every process."""
    return int.from_bytes(hashlib.sha256("/".join(words).encode()).digest()[:6])


def recommendations(asked: Mapping[str, str]) -> dict[str, Any]:
    """Learned: what customers like this one bought next."""
    seed = of("learned", asked.get("customer", ""))
    return {"items": [ARTICLES[(seed + step * 5) % len(ARTICLES)] for step in range(3)]}


def payments(asked: Mapping[str, str]) -> dict[str, Any]:
    """The same key is the same payment."""
    return {"payment": f"PY-{of(asked.get('key', '')) % 900_000 + 100_000}"}


def fx_rates(asked: Mapping[str, str]) -> dict[str, Any]:
    wanted = asked.get("currency", "USD")
    return {"currency": wanted, "rate": RATES.get(wanted)}


ANSWERS: Mapping[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
    "recommendations": recommendations,
    "payments": payments,
    "fx-rates": fx_rates,
}
