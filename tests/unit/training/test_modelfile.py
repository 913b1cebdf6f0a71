from pathlib import Path

import pytest

from training.domain.modelfile import CHATML, render

GOLDEN = Path(__file__).parents[2] / "golden" / "modelfile"


def test_the_modelfile_of_a_chatml_model_is_the_golden_one():
    text = render(gguf="bbj-v1-run3-Q4_K_M.gguf", system="You are an expert BBj programmer.")

    assert text == (GOLDEN / "chatml.Modelfile").read_text(encoding="utf-8")


def test_without_a_system_message_there_is_no_system_block():
    assert "SYSTEM" not in render(gguf="model.gguf")


def test_the_template_keeps_the_trained_white_space():
    text = render(gguf="model.gguf")

    assert "{{-" not in text
    assert "-}}" not in text
    assert "<|im_start|>user\n{{ .Content }}<|im_end|>\n{{ else if" in text


def test_another_trained_form_gives_another_template():
    form = {**CHATML, "answer": "<|im_start|>bbj\n"}

    assert '(ne .Role "assistant") }}<|im_start|>bbj\n{{ end }}' in render(
        gguf="model.gguf", chat_format=form
    )


@pytest.mark.parametrize("name", ["", "../model.gguf", "a\\b.gguf", "a\nFROM b"])
def test_a_file_name_with_a_folder_is_refused(name):
    with pytest.raises(ValueError, match="without a folder"):
        render(gguf=name)


def test_a_text_that_would_end_its_block_is_refused():
    with pytest.raises(ValueError, match="take the three quotes out"):
        render(gguf="model.gguf", system='say """')
