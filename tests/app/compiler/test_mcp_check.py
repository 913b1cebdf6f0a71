"""The MCP syntax check against a small HTTP server that stands in for BBjServices.

What is known of the real one is public: the path, the headers, the tool and the form of its text. The
stand-in answers what a test gives it, and asks for the headers as the real one does; it checks no BBj.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.compilers import GOOD
from training.adapters import checker as checkers
from training.adapters.mcp_check import McpCheck, NotUnderstood, read

HEADER = "Checked against the local installation's PREFIX, classpath and config (BBj 26.03)."
CLEAN = f"No errors found. {HEADER}"
ONE_ERROR = f"1 error found. {HEADER}\nline 3, column 7: [SyntaxError] syntax error near '='"


class StandIn(ThreadingHTTPServer):
    """Answers every tools/call with `answer(code)`: a result's text, or (status, content type, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Any = lambda code: ONE_ERROR if code.count('"') % 2 else CLEAN
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/mcp"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        if (self.headers["MCP-Protocol-Version"], self.headers["Mcp-Method"]) != ("2026-07-28", "tools/call"):
            self.reply(400, "application/json", '{"error": {"code": -32020}}')
            return
        answer = self.server.answer(body["params"]["arguments"]["code"])
        self.reply(*(answer if isinstance(answer, tuple) else (200, "application/json", result(answer))))

    def reply(self, status: int, content_type: str, body: str) -> None:
        with suppress(ConnectionError):  # a client that has given up
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass


def result(text: str, **more: Any) -> str:
    content = [{"type": "text", "text": text}]
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"content": content, "isError": False, **more}})


@pytest.fixture
def server() -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_each_source_gets_its_verdict_with_line_column_and_category(server):
    good, bad = McpCheck(server.url).check_many([GOOD, 'print "open\n'])

    assert (good.outcome, good.findings) == ("compiled", ())
    assert bad.outcome == "compile_error"
    assert [(f.line, f.column, f.code) for f in bad.findings] == [(3, 7, "syntax")]
    assert bad.findings[0].message == "SyntaxError: syntax error near '='"
    assert bad.output == ONE_ERROR


def test_the_request_is_one_stateless_call_with_the_source_as_it_is(server):
    McpCheck(server.url).check_many(['print "ü \\ \t"\r\nprint 2\r\n'])

    (request,) = server.requests
    assert request["path"] == "/mcp"
    assert request["headers"]["Mcp-Name"] == "bbj_check_syntax"
    assert request["body"]["params"]["name"] == "bbj_check_syntax"
    assert request["body"]["params"]["arguments"] == {"code": 'print "ü \\ \t"\nprint 2\n'}


def test_a_stream_of_events_is_understood_too(server):
    server.answer = lambda code: (200, "text/event-stream", f"event: message\ndata: {result(ONE_ERROR)}\n\n")

    (verdict,) = McpCheck(server.url).check_many([GOOD])

    assert verdict.outcome == "compile_error"


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", "<html>some other server</html>"),
        (200, "application/json", '{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601}}'),
        (200, "application/json", result(CLEAN, isError=True)),
        (200, "application/json", '{"result": {"content": []}}'),
        (200, "application/json", "[]"),
        (400, "application/json", result(CLEAN)),
        (302, "text/plain", ""),
        "All is well.",
        "",
        "2 errors found.\nline 3, column 7: [SyntaxError] only one",
        "1 error found.\nsomething about line 3",
    ],
)
def test_what_is_not_understood_judges_nothing(server, answer):
    server.answer = lambda code: answer

    (verdict,) = McpCheck(server.url).check_many([GOOD])

    assert verdict.outcome == "infrastructure"
    assert server.url in verdict.output


def test_without_a_server_nothing_is_judged():
    check = McpCheck("http://127.0.0.1:1/mcp")

    (verdict,) = check.check_many([GOOD])

    assert verdict.outcome == "infrastructure"
    assert "Is BBjServices 26.03 or newer running?" in verdict.output
    assert check.build() == "unreachable"


def test_a_server_that_never_answers_is_given_up(server):
    never = threading.Event()
    server.answer = lambda code: never.wait(30) and CLEAN

    (verdict,) = McpCheck(server.url, timeout_s=0.2).check_many([GOOD])
    never.set()

    assert verdict.outcome == "infrastructure"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/mcp",
        "https://127.0.0.1:5009/mcp",
        "http://127.0.0.1.example.com/mcp",
        "http://user@127.0.0.1:5009/mcp",
        "http://127.0.0.1:5009/mcp?x=1",
        "http://127.0.0.1:99999/mcp",
        "127.0.0.1:5009",
        "",
    ],
)
def test_sources_never_leave_this_machine(url):
    (verdict,) = McpCheck(url).check_many([GOOD])

    assert verdict.outcome == "infrastructure"
    assert f'STUDIO_BBJ_MCP_URL="{url}" is no http address of this machine' in verdict.output


@pytest.mark.parametrize(
    ("category", "code"),
    [
        ("SyntaxError", "syntax"),
        ("ClassError", "class"),
        ("UndefinedLabelError", "undefined-label"),
        ("LineNumberError", "line-number"),
        ("BadUseDeclarationError", "bad-use-declaration"),
    ],
)
def test_categories_become_codes_of_findings(category, code):
    (finding,) = read(f"1 error found.\nline 1, column 1: [{category}] x")

    assert finding.code == code


def test_another_number_of_errors_than_announced_is_not_understood():
    with pytest.raises(NotUnderstood):
        read("No errors found.\nline 1, column 1: [SyntaxError] x")


def test_it_has_its_own_name_and_passes_the_control_pair(server):
    check = McpCheck(server.url)

    assert check.name == "BBj MCP syntax check"
    assert check.build() == "MCP 2026-07-28 · BBj 26.03"
    assert checkers.control_pair(check).ok
