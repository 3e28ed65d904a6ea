"""Levels and lists inside sentences."""

from django.utils.translation import gettext as _


def in_a_sentence(title: str) -> str:
    """A title within a sentence: in small letters, but for what is an abbreviation: manager, VP."""
    return title if title.isupper() else title[:1].lower() + title[1:]


def listed(words: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}
