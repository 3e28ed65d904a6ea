"""Rates in templates."""

from typing import Any

from django import template

from circuits.limits import numbers

register = template.Library()


@register.filter
def rate(number: Any) -> str:
    """ "100", "0.5", "–"."""
    return numbers.rate(number)
