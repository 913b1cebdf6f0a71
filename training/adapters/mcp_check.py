"""Asks the syntax check of a running BBjServices (26.03 or newer) over MCP, on this machine only.

It parses and checks no types; other than bbjcpl it tells columns and categories. What it accepts is never
called compile@1. One HTTP request a source:

    POST /mcp   tools/call bbj_check_syntax {"code": source}

The answer is a text, "No errors found. …", or "2 errors found. …" and a line an error: "line 3, column 7:
[SyntaxError] syntax error". That much is public, from tools that use it, and no more of the answer is read.
What reads differently is not understood, and then nothing was judged.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

from curation.domain.bbj import Finding
from training.adapters.verdict import Verdict

PROTOCOL = "2026-07-28"
TOOL = "bbj_check_syntax"
ANSWER_MOST_BYTES = 4 * 1024 * 1024
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": PROTOCOL,
    "Mcp-Method": "tools/call",
    "Mcp-Name": TOOL,
}
_SUMMARY = re.compile(r"(No errors|(?P<count>\d+) errors?) found\b.*")
_ERROR = re.compile(
    r"line (?P<line>\d{1,9}), column (?P<column>\d{1,9}): \[(?P<category>\w+)[^\]]*\] ?(?P<message>.*)"
)
_VERSION = re.compile(r"\(BBj ([\d.]{1,20})\)")


class NotUnderstood(Exception):
    """The server is not there, or its answer does not have the known form. The text says which."""


class McpCheck:
    """The syntax check at an address such as http://127.0.0.1:5009/mcp.

    Args:
        url: What STUDIO_BBJ_MCP_URL says. Other machines are refused: sources stay here.
        timeout_s: For one source.
    """

    name = "BBj MCP syntax check"

    def __init__(self, url: str, *, timeout_s: float = 30) -> None:
        self.url = url
        self.timeout_s = timeout_s

    def build(self) -> str:
        return self._build

    @cached_property
    def _build(self) -> str:
        try:
            version = _VERSION.search(self._ask('print "hello"\n'))
        except NotUnderstood:
            return "unreachable"
        return f"MCP {PROTOCOL} · {f'BBj {version[1]}' if version else 'version not told'}"

    def check_many(self, sources: Sequence[str]) -> list[Verdict]:
        return [self._check(source) for source in sources]

    def _check(self, source: str) -> Verdict:
        started = time.monotonic()
        try:
            output = self._ask(source)
            findings = read(output)
        except NotUnderstood as reason:
            message = f"{self.url}: {reason}"
            return Verdict("infrastructure", message, time.monotonic() - started)
        return Verdict(
            "compile_error" if findings else "compiled",
            output,
            time.monotonic() - started,
            tuple(findings[:1]),
        )

    def _ask(self, source: str) -> str:
        """The tool's text about one source.

        Raises:
            NotUnderstood: No answer, or not the answer of this tool.
        """
        place = _loopback(self.url)
        meta = {
            "io.modelcontextprotocol/protocolVersion": PROTOCOL,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        code = source.replace("\r\n", "\n").encode("utf-8", errors="replace").decode()
        request = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": TOOL, "arguments": {"code": code}, "_meta": meta},
        }
        # http.client knows no proxy and follows no redirect: the source goes to this machine or nowhere.
        connection = http.client.HTTPConnection(
            place.hostname or "", place.port or 80, timeout=self.timeout_s
        )
        try:
            connection.request("POST", place.path or "/", json.dumps(request).encode(), _HEADERS)
            answer = connection.getresponse()
            data = answer.read(ANSWER_MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise NotUnderstood(
                f"{error or type(error).__name__}. Is BBjServices 26.03 or newer running?"
            ) from error
        finally:
            connection.close()
        if answer.status != 200:
            raise NotUnderstood(f"HTTP status {answer.status}. It said: {_shown(data)}")
        if len(data) > ANSWER_MOST_BYTES:
            raise NotUnderstood(f"more than {ANSWER_MOST_BYTES // 1024 // 1024} MB of answer")
        return _text_of(data, answer.headers.get_content_type())


def read(output: str) -> list[Finding]:
    """The errors that the tool's text tells, [] for a clean source.

    Raises:
        NotUnderstood: A line of another form, or another number of errors than the first line says.
    """
    first, *rest = output.splitlines() or [""]
    summary = _SUMMARY.fullmatch(first)
    errors = [_ERROR.fullmatch(line) for line in rest if line.strip()]
    findings = [_finding(error) for error in errors if error]
    if not summary or len(findings) < len(errors) or len(findings) != int(summary["count"] or 0):
        raise NotUnderstood(f"it said: {_shown(output.encode())}")
    return findings


def _finding(error: re.Match[str]) -> Finding:
    """SyntaxError becomes "syntax", UndefinedLabelError "undefined-label", as other checkers call them."""
    words = re.findall(r"[A-Z][a-z]*", error["category"].removesuffix("Error")) or [error["category"]]
    code = "-".join(words).lower()
    message = f"{error['category']}: {error['message']}"
    return Finding(int(error["line"]), int(error["column"]), code, message)


def _text_of(data: bytes, content_type: str) -> str:
    """The text in the JSON-RPC answer, which may come as the last event of a stream."""
    if content_type == "text/event-stream":
        events = [line[5:] for line in data.splitlines() if line.startswith(b"data:")]
        data = events[-1] if events else b""
    try:
        result: Any = json.loads(data)["result"]
        texts = [part["text"] for part in result["content"] if part["type"] == "text"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotUnderstood(f"it said: {_shown(data)}") from error
    if result.get("isError") or len(texts) != 1 or not isinstance(texts[0], str):
        raise NotUnderstood(f"it said: {_shown(data)}")
    return texts[0]


def _loopback(url: str) -> SplitResult:
    """The parts of an address of this machine.

    Raises:
        NotUnderstood: Another machine, another scheme, or no address at all.
    """
    try:
        place = urlsplit(url)
        host, _ = place.hostname or "", place.port
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here or place.scheme != "http" or "@" in place.netloc or place.query or place.fragment:
        raise NotUnderstood(
            f'STUDIO_BBJ_MCP_URL="{url}" is no http address of this machine. '
            "Write http://127.0.0.1:5009/mcp or the like."
        )
    return place


def _shown(data: bytes) -> str:
    return data[:300].decode("utf-8", errors="replace").strip().partition("\n")[0] or "nothing"
