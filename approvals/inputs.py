"""What people type, read strictly: amounts, one line of text, several lines, details. Each refusal is a sentence."""

import json
import re
import unicodedata
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from worker.registry import Parameter

MOST_DIGITS = 13
MOST_LINES = 100
MOST_BYTES = 20_000
LONGEST_KEY = 100
LONGEST_ARGUMENT = 5_000
JOINERS = "\u200c\u200d"
"""Invisible, but some scripts and emoji are written with them."""


def amount_of(text: str) -> Decimal:
    """Digits, a point, at most two decimals. Nothing is guessed: 1.000 is a thousand to some people, one to others."""
    text = text.strip()
    if not text:
        raise ValidationError(_("Enter the amount, for example 1000.50."))
    if re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", text):
        return _sized(text)
    raise ValidationError(_what_is_wrong_with(text))


def _sized(text: str) -> Decimal:
    amount = Decimal(text)
    if amount >= Decimal(10) ** MOST_DIGITS:
        raise ValidationError(
            _("This amount is too large: at most %(most)d digits before the point.") % {"most": MOST_DIGITS}
        )
    return amount


def _what_is_wrong_with(text: str) -> str:
    if re.fullmatch(r"-\s*[0-9.,]+", text):
        return _("The amount cannot be negative.")
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})*,[0-9]{1,2}", text):
        point = text.replace(".", "").replace(",", ".")
        return _("Write the decimals with a point and nothing between the thousands: %(point)s.") % {"point": point}
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", text):
        return _("Leave out the comma between the thousands: %(plain)s.") % {"plain": text.replace(",", "")}
    if re.fullmatch(r"[0-9]{1,3}([ '\u00a0\u202f][0-9]{3})+(\.[0-9]*)?", text):
        plain = re.sub(r"[^0-9.]", "", text)
        return _("Leave out what stands between the thousands: %(plain)s.") % {"plain": plain}
    if re.fullmatch(r"[0-9]+\.[0-9]{3,}", text):
        return _("An amount has at most two decimals, for example 1000.50.")
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return _("Write the amount out in digits, for example 1000.50, without an exponent.")
    return _("Enter the amount in digits with a point before the decimals, for example 1000.50.")


def line_of(text: str, most: int, empty: str) -> str:
    """One line with something to see in it."""
    text = text.strip()
    if not [sign for sign in text if visible(sign)]:
        raise ValidationError(empty)
    if hidden := next((sign for sign in text if not shown(sign)), None):
        raise ValidationError(_not_shown(hidden))
    if len(text) > most:
        raise ValidationError(
            _("This is %(length)s characters long; at most %(most)s are kept. Shorten it.")
            % {"length": f"{len(text):,}", "most": most}
        )
    return text


def lines_of(text: str, most: int) -> str:
    """Several lines, such as a comment; may be empty."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if hidden := next((sign for sign in text if not shown(sign) and sign not in "\n\t"), None):
        raise ValidationError(_not_shown(hidden))
    if len(text) > most:
        raise ValidationError(
            _("This is %(length)s characters long; at most %(most)s are kept. Shorten it.")
            % {"length": f"{len(text):,}", "most": f"{most:,}"}
        )
    return text


def argument_of(parameter: Parameter, text: str) -> Any:
    """Texts stay texts, which the registry reads further; a list or an object is read as JSON if it is JSON."""
    text = lines_of(text, LONGEST_ARGUMENT)
    if parameter.type not in (list, dict):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def visible(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in "ZC"


def shown(sign: str) -> bool:
    """Not a control character, nor a mark that changes the direction or the look of what is around it."""
    return sign in JOINERS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _not_shown(sign: str) -> str:
    name = unicodedata.name(sign, _("control character")).lower()
    return _(
        "This holds an invisible sign (%(name)s, U+%(code)s) that can make text read as something else. "
        "Type it again without."
    ) % {"name": name, "code": f"{ord(sign):04X}"}


def details_of(text: str) -> dict[str, str]:
    """Lines "key: value" as an object, in their order. Empty lines are nothing."""
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise ValidationError(
            _("The details are larger than %(most)s bytes. Put long texts elsewhere and name the place here.")
            % {"most": f"{MOST_BYTES:,}"}
        )
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValidationError(
            _("The details have %(count)d lines; at most %(most)d are kept.")
            % {"count": len(lines), "most": MOST_LINES}
        )
    return _pairs(lines)


def _pairs(lines: list[tuple[int, str]]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    wrong: list[str] = []
    for number, line in lines:
        if sentence := _add(pairs, line):
            wrong.append(_("Line %(number)d: %(sentence)s") % {"number": number, "sentence": sentence})
    if wrong:
        raise ValidationError(wrong[:5])
    return pairs


def _add(pairs: dict[str, str], line: str) -> str:
    """Adds one line; gives back what is wrong with it, or nothing."""
    key, colon, value = (part.strip() for part in line.partition(":"))
    if hidden := next((sign for sign in line if not shown(sign) and sign != "\t"), None):
        return _not_shown(hidden)
    if not colon or not key:
        return _("write it as “key: value”, for example “Vendor: Acme”.")
    if len(key) > LONGEST_KEY:
        return _("what stands before the colon is longer than %(most)d characters.") % {"most": LONGEST_KEY}
    if key in pairs:
        return _("“%(key)s” stands there already; each key once.") % {"key": key}
    pairs[key] = value
    return ""
