"""The Ollama Modelfile of a GGUF: where the weights are, the chat form as a Go template, and the stops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What `merge` writes to chat_format.json for a ChatML model; the trained form wins wherever it is known.
CHATML: dict[str, Any] = {
    "turns": {
        "system": ["<|im_start|>system\n", "<|im_end|>\n"],
        "user": ["<|im_start|>user\n", "<|im_end|>\n"],
        "assistant": ["<|im_start|>assistant\n", "<|im_end|>\n"],
    },
    "answer": "<|im_start|>assistant\n",
}
STOPS = ("<|im_end|>", "<|endoftext|>")


def render(
    *,
    gguf: str,
    system: str = "",
    chat_format: Mapping[str, Any] = CHATML,
    temperature: float = 0.2,
    top_p: float = 0.95,
    context: int = 4096,
) -> str:
    """The text of a Modelfile, to be put into one folder with the GGUF; `ollama create NAME` then needs no
    more.

    Args:
        gguf: File name without a folder.
        system: The system message the model was trained with; Ollama sends it when a chat brings none.
        chat_format: See CHATML.
        context: Tokens of prompt and answer together.

    Raises:
        ValueError: gguf holds a folder or a line end; a text holds \"\"\", which would end its block.
    """
    if not gguf or "/" in gguf or "\\" in gguf or "\n" in gguf:
        raise ValueError(f'gguf="{gguf}": write a file name without a folder')
    lines = [
        f"FROM ./{gguf}",
        f"TEMPLATE {_block(template(chat_format))}",
        *([f"SYSTEM {_block(system)}"] if system else []),
        f"PARAMETER temperature {temperature:g}",
        f"PARAMETER top_p {top_p:g}",
        f"PARAMETER num_ctx {context}",
        *(f'PARAMETER stop "{stop}"' for stop in STOPS),
    ]
    return "\n".join(lines) + "\n"


def template(chat_format: Mapping[str, Any]) -> str:
    """The chat form as an Ollama template over .Messages, so that chats of several turns keep their form.

    Ollama puts the SYSTEM text into .Messages itself when the chat brings no system message. The last turn of
    an unfinished answer (role assistant) is continued, not closed.
    """
    # No trim marks ({{-) and no line ends between the actions: both would change the trained white space.
    turns = chat_format["turns"]
    parts = ["{{ range $i, $_ := .Messages }}{{ $last := eq (len (slice $.Messages $i)) 1 }}"]
    for number, role in enumerate(("system", "user", "assistant")):
        before, after = turns[role]
        close = f"{{{{ if not $last }}}}{after}{{{{ end }}}}" if role == "assistant" else after
        word = "else if" if number else "if"
        parts.append(f'{{{{ {word} eq .Role "{role}" }}}}{before}{{{{ .Content }}}}{close}')
    parts.append("{{ end }}")
    parts.append(
        f'{{{{ if and $last (ne .Role "assistant") }}}}{chat_format["answer"]}{{{{ end }}}}{{{{ end }}}}'
    )
    return "".join(parts)


def _block(text: str) -> str:
    if '"""' in text:
        raise ValueError('a Modelfile text holds """, which would end its block; take the three quotes out')
    return f'"""{text}"""'
