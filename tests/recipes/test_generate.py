"""How `generate` speaks to a server: a real HTTP server in this process that answers as we tell it."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from training.domain.run_folder import RunFolder
from training.recipes import generate
from training.recipes.generate import GenerateRecipe

GOOD: tuple[int, dict[str, Any]] = (
    200,
    {
        "choices": [{"message": {"content": "print 1"}, "finish_reason": "stop"}],
        "usage": {"completion_tokens": 3},
    },
)


@dataclass
class StandIn:
    """Answers with `replies` in turn, the last one for ever, and keeps what it was asked."""

    port: int
    asked: list[dict[str, Any]]
    replies: list[tuple[int, dict[str, Any]]]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(generate.time, "sleep", lambda _seconds: None)

    asked: list[dict[str, Any]] = []
    replies = [GOOD]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status, body = replies.pop(0) if len(replies) > 1 else replies[0]
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield StandIn(http.server_port, asked, replies)
    http.shutdown()
    thread.join()
    http.server_close()


def ask(server, tmp_path, prompts=1):
    file = tmp_path / "prompts.jsonl"
    rows = [
        {"id": f"t{i}", "sample": 0, "seed": 7 + i, "messages": [{"role": "user", "content": "hi"}]}
        for i in range(prompts)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = GenerateRecipe(
        prompts_file=str(file),
        server_url=f"http://127.0.0.1:{server.port}/",
        model="bbj",
        max_tokens=50,
    )
    folder = RunFolder(tmp_path)
    result = generate.generate(recipe, folder)
    return result, [json.loads(line) for line in (tmp_path / "generations.jsonl").read_text().splitlines()]


def test_a_server_is_asked_with_the_decoding_of_the_recipe(server, tmp_path):
    result, rows = ask(server, tmp_path)

    assert server.asked == [
        {
            "messages": [{"role": "user", "content": "hi"}],
            "seed": 7,
            "temperature": 0.2,
            "top_p": 0.95,
            "max_tokens": 50,
            "stream": False,
            "model": "bbj",
        }
    ]
    assert (rows[0]["text"], rows[0]["finish_reason"], rows[0]["tokens"]) == ("print 1", "stop", 3)
    assert (result["answers"], result["errors"], result["tokens"]) == (1, 0, 3)


def test_a_server_that_stumbles_is_asked_again(server, tmp_path):
    server.replies[:] = [(500, {"error": "busy"}), (200, {"choices": []}), GOOD]

    _, rows = ask(server, tmp_path)

    assert rows[0]["finish_reason"] == "stop"
    assert len(server.asked) == 3


def test_a_server_that_stays_broken_gives_an_error_never_an_empty_answer_of_the_model(server, tmp_path):
    server.replies[:] = [(500, {"error": "no GPU"})]

    result, rows = ask(server, tmp_path)

    assert (rows[0]["finish_reason"], rows[0]["text"]) == ("error", "")
    assert "HTTP 500" in rows[0]["error"]
    assert "no GPU" in rows[0]["error"]
    assert result["errors"] == 1


def test_a_refused_request_is_not_repeated(server, tmp_path):
    server.replies[:] = [(400, {"error": "the request exceeds the available context size"})]

    _, rows = ask(server, tmp_path)

    assert len(server.asked) == 1
    assert "context size" in rows[0]["error"]


def test_answers_stand_in_the_order_of_the_prompts(server, tmp_path):
    _, rows = ask(server, tmp_path, prompts=9)

    assert [(row["id"], row["seed"]) for row in rows] == [(f"t{i}", 7 + i) for i in range(9)]
