"""Reads a page as a strict browser would, and names what the Content-Security-Policy would refuse."""

from html.parser import HTMLParser


class Strict(HTMLParser):
    """Collects inline scripts, inline styles and everything else that needs 'unsafe-inline'."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.ids: list[str] = []
        self._script_with_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []
        if tag == "style" or "style" in given:
            self.refused.append(f"style in <{tag}>")
        self.refused += [f"{name} in <{tag}>" for name in given if name.startswith(("on", "hx-on"))]
        self.refused += [
            f"javascript: in <{tag}>" for value in given.values() if (value or "").startswith("javascript:")
        ]
        data = given.get("type") in ("application/json", "text/x-template")
        self._script_with_code = tag == "script" and "src" not in given and not data

    def handle_data(self, data: str) -> None:
        if self._script_with_code and data.strip():
            self.refused.append(f"inline script: {data.strip()[:60]}")

    def handle_endtag(self, tag: str) -> None:
        self._script_with_code = False


def refused_by_the_policy(page: str) -> list[str]:
    reader = Strict()
    reader.feed(page)
    return reader.refused


def doubled_ids(page: str) -> set[str]:
    reader = Strict()
    reader.feed(page)
    return {one for one in reader.ids if reader.ids.count(one) > 1}
