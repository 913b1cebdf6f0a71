"""What a browser without scripts would send of a form, read from the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class BrowserForm(HTMLParser):
    """Fields of the form with this id, in order. Hidden templates and unchecked boxes are no part of it."""

    form: str
    sent: list[tuple[str, str]] = field(default_factory=list)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)  # id -> attributes

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._inside = self._template = False
        self._textarea = self._select = ""
        self._text: list[str] = []
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if "id" in has:
            self.attributes[has["id"]] = has
        if tag == "form":
            self._inside = has.get("id") == self.form
        if tag == "template":
            self._template = True
        if not self._inside or self._template:
            return
        if tag == "input" and "name" in has:
            if has.get("type") not in ("checkbox", "radio") or "checked" in has:
                self._send(has["name"], has.get("value", "on"))
        elif tag == "textarea":
            self._textarea, self._text = has["name"], []
        elif tag == "select":
            self._select, self._options = has["name"], []
        elif tag == "option":
            self._options.append((has.get("value", ""), "selected" in has))

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "template":
            self._template = False
        elif tag == "textarea" and self._textarea:
            self._send(self._textarea, "".join(self._text).removeprefix("\n"))
            self._textarea = ""
        elif tag == "select" and self._select:
            chosen = [value for value, selected in self._options if selected] or [self._options[0][0]]
            self._send(self._select, chosen[-1])
            self._select = ""

    def _send(self, name: str, value: str) -> None:
        self.sent.append((name, value.replace("\r\n", "\n").replace("\n", "\r\n")))

    def values(self) -> dict[str, str | list[str]]:
        """For Django's test client; a name that is sent twice has a list."""
        found: dict[str, str | list[str]] = {}
        for name, value in self.sent:
            if name in found:
                before = found[name]
                found[name] = [*(before if isinstance(before, list) else [before]), value]
            else:
                found[name] = value
        return found


def read_form(html: str, form: str = "editor") -> BrowserForm:
    parser = BrowserForm(form)
    parser.feed(html)
    parser.close()
    return parser
