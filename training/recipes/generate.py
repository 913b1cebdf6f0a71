"""Let a model answer prompts, over the OpenAI-compatible HTTP interface that every server speaks.

    python -m training.recipes.generate runs/17/evaluate/q4_k_m/recipe.json

Reads   <prompts_file>   {"id", "sample", "seed", "messages"} a line
        and <gguf> (served by a llama.cpp in this process, on a port of its own) or <server_url>
Writes  <folder>/generations.jsonl   {"id", "sample", "seed", "text", "finish_reason", "tokens", "duration_s"}
        a line, in the order of the prompts; metrics.jsonl (progress), result.json {"runtime": …}

finish_reason is "stop", "length" (the token limit), or "error" with the server's words in "error": that
answer says nothing about the model. Answers to one prompt with one seed repeat on one build with parallel=1;
with more slots the sums inside a batch differ in their last bits.
"""

from __future__ import annotations

import http.client
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.domain.failure import Failure
from training.domain.run_folder import RunFolder
from training.recipes.frame import existing_file, fault_point, main

OUTPUT = "generations.jsonl"
TRIES = 3


@dataclass(frozen=True, kw_only=True)
class GenerateRecipe:
    prompts_file: str
    gguf: str = ""
    server_url: str = ""  # e.g. http://gpu-box:8000, without /v1
    model: str = ""  # the name the server knows the model by; needed by Ollama and vLLM
    temperature: float = 0.2
    top_p: float = 0.95
    max_tokens: int = 1024
    context: int = 4096  # tokens of prompt and answer together, for each slot
    parallel: int = 4  # answers at once
    threads: int = 1
    gpu_layers: int = 0  # 0: all on the CPU; 999: all on the GPU
    timeout_s: float = 600.0  # for one answer


@dataclass(frozen=True)
class Server:
    url: str
    key: str
    runtime: str


def generate(recipe: GenerateRecipe, folder: RunFolder) -> dict[str, Any]:
    prompts = _prompts(existing_file(recipe.prompts_file, "prompts_file", "data_invalid"))
    if bool(recipe.gguf) == bool(recipe.server_url):
        raise Failure("config_invalid", "Name either gguf or server_url, not both and not neither.")
    fault_point("generate", "start")
    part = folder.path / (OUTPUT + ".part")
    started = time.monotonic()
    with _server(recipe) as server:
        answers = _answers(prompts, recipe, server, folder)
    with part.open("w", encoding="utf-8") as stream:
        for answer in answers:
            stream.write(json.dumps(answer, ensure_ascii=False) + "\n")
    part.replace(folder.path / OUTPUT)
    tokens = sum(answer["tokens"] for answer in answers)
    return {
        "files": [OUTPUT],
        "runtime": server.runtime,
        "answers": len(answers),
        "errors": sum(answer["finish_reason"] == "error" for answer in answers),
        "tokens": tokens,
        "tokens_per_s": round(tokens / max(time.monotonic() - started, 1e-6), 1),
    }


def ask(recipe: GenerateRecipe, server: Server, prompt: dict[str, Any]) -> dict[str, Any]:
    """One answer. A server that fails is asked up to three times; then finish_reason is "error"."""
    body = {
        "messages": prompt["messages"],
        "seed": prompt["seed"],
        "temperature": recipe.temperature,
        "top_p": recipe.top_p,
        "max_tokens": recipe.max_tokens,
        "stream": False,
        **({"model": recipe.model} if recipe.model else {}),
        # A prompt that finds its beginning in the cache gets other roundings than one that does not.
        **({"cache_prompt": False} if recipe.gguf else {}),
    }
    started = time.monotonic()
    answer = {key: prompt[key] for key in ("id", "sample", "seed")}
    error = ""
    for attempt in range(TRIES):
        try:
            reply = _post(server, body, recipe.timeout_s)
            choice = reply["choices"][0]
            return {
                **answer,
                "text": choice["message"].get("content") or "",
                "finish_reason": choice["finish_reason"],
                "tokens": int((reply.get("usage") or {}).get("completion_tokens", 0)),
                "duration_s": round(time.monotonic() - started, 3),
            }
        except urllib.error.HTTPError as problem:
            error = f"HTTP {problem.code}: {problem.read(2000).decode('utf-8', 'replace')}"
            if 400 <= problem.code < 500 and problem.code not in (408, 429):
                break  # the request itself is wrong: asking again cannot help
        except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError, TypeError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        time.sleep(attempt)
    duration_s = round(time.monotonic() - started, 3)
    return {
        **answer,
        "text": "",
        "finish_reason": "error",
        "tokens": 0,
        "duration_s": duration_s,
        "error": error,
    }


def _answers(
    prompts: list[dict[str, Any]], recipe: GenerateRecipe, server: Server, folder: RunFolder
) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = [{}] * len(prompts)
    tokens, started = 0, time.monotonic()
    with ThreadPoolExecutor(recipe.parallel) as slots:
        try:
            asked = {slots.submit(ask, recipe, server, prompt): i for i, prompt in enumerate(prompts)}
            for done, future in enumerate(as_completed(asked), 1):
                answers[asked[future]] = future.result()
                tokens += answers[asked[future]]["tokens"]
                speed = round(tokens / max(time.monotonic() - started, 1e-6), 1)
                folder.append_metrics(
                    {"stage": "generate", "step": done, "of": len(prompts), "tokens_per_s": speed}
                )
                print(f"answer {done} of {len(prompts)}", flush=True)
        except BaseException:
            slots.shutdown(wait=False, cancel_futures=True)
            raise
    return answers


@contextmanager
def _server(recipe: GenerateRecipe) -> Iterator[Server]:
    if recipe.server_url:
        yield Server(recipe.server_url.rstrip("/"), "", f"server {recipe.server_url}")
        return
    file = existing_file(recipe.gguf, "gguf")
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.n_ctx = recipe.context * recipe.parallel  # shared out evenly among the slots
    parameters.n_parallel = recipe.parallel
    parameters.n_gpu_layers = recipe.gpu_layers
    parameters.fit_params = False  # it would lower the context on its own to fit memory
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = recipe.threads
    parameters.warmup = False
    parameters.ui = False
    parameters.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    parameters.verbosity = 1
    key = secrets.token_urlsafe(16)  # other users of this machine reach the port, too
    parameters.api_keys = [key]
    server = xllamacpp.Server(parameters)
    build = f"xllamacpp {xllamacpp.__version__} ({xllamacpp.BUILD_INFO['compiler']}, {recipe.threads} thread)"
    try:
        yield Server(server.listening_address, key, build)
    finally:
        del server  # stops it and frees the weights


def _post(server: Server, body: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{server.url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {server.key}"} if server.key else {}),
        },
    )
    # The embedded server is on this machine: a proxy from the environment must not get its requests.
    proxies = urllib.request.ProxyHandler({}) if server.key else urllib.request.ProxyHandler()
    with urllib.request.build_opener(proxies).open(request, timeout=timeout_s) as response:
        reply: dict[str, Any] = json.loads(response.read())
        return reply


def _prompts(file: Path) -> list[dict[str, Any]]:
    prompts, bad = [], []
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
        if not line:
            continue
        try:
            prompt = json.loads(line)
            prompts.append({key: prompt[key] for key in ("id", "sample", "seed", "messages")})
        except (ValueError, KeyError, TypeError) as error:
            bad.append(f"line {number} ({type(error).__name__}: {error})")
    if bad or not prompts:
        raise Failure("data_invalid", f"{file}: {'; '.join(bad[:20]) or 'holds no prompt'}.")
    return prompts


if __name__ == "__main__":
    main(GenerateRecipe, generate)
