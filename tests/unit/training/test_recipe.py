import pytest

from training.domain.recipe import (
    FIELDS,
    RECIPE_NAMES,
    TITLES,
    named,
    needs_gpu,
    problems,
    sequences_a_step,
    stage_values,
    with_overrides,
)


@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_a_named_recipe_is_complete_and_in_range(name):
    recipe = named(name)

    assert problems(recipe) == []
    assert {f.key for f in FIELDS} == {
        f"{s}.{n}" for s, values in recipe.items() if s != "name" for n in values
    }
    assert name in TITLES


@pytest.mark.parametrize("name", ["qwen7b", "qwen14b"])
def test_the_qwen_recipes_are_qlora_with_32_sequences_a_step(name):
    recipe = named(name)

    for stage in ("pretrain", "instruct"):
        assert recipe[stage]["nf4"]
        assert recipe[stage]["batch_size"] * recipe[stage]["accumulate"] == 32
        assert 2048 <= recipe[stage]["max_length"] <= 4096
    assert (recipe["pretrain"]["lora_rank"], recipe["pretrain"]["lora_alpha"]) == (32, 64)
    assert (recipe["pretrain"]["learning_rate"], recipe["instruct"]["learning_rate"]) == (5e-5, 2e-4)
    assert needs_gpu(recipe)


@pytest.mark.parametrize("name", RECIPE_NAMES)
def test_a_named_recipe_needs_nothing_but_what_the_studio_installs(name):
    assert {named(name)[stage]["backend"] for stage in ("pretrain", "instruct")} == {"plain"}


def test_the_rehearsal_needs_no_gpu():
    assert not needs_gpu(named("rehearsal"))


def test_several_processes_multiply_the_sequences_of_a_step():
    recipe = with_overrides(named("qwen14b"), {"pretrain.processes": 4, "pretrain.accumulate": 8})

    assert problems(recipe) == []
    assert sequences_a_step(recipe["pretrain"]) == 32
    del recipe["pretrain"]["processes"]
    assert sequences_a_step(recipe["pretrain"]) == 8, "runs from before there were several"


def test_unsloth_trains_in_one_process():
    recipe = with_overrides(named("qwen14b"), {"instruct.processes": 2, "instruct.backend": "unsloth"})

    assert problems(recipe) == [
        "instruct.processes=2 with backend=unsloth: it trains in one, write processes=1 or backend=plain"
    ]


def test_an_unknown_recipe_names_those_that_exist():
    with pytest.raises(KeyError, match="rehearsal, qwen7b, qwen14b"):
        named("qwen3b")


def test_changing_a_copy_leaves_the_named_recipe_alone():
    changed = with_overrides(named("rehearsal"), {"instruct.epochs": 2.0, "pretrain": {"epochs": 1.0}})

    assert (changed["instruct"]["epochs"], changed["pretrain"]["epochs"]) == (2.0, 1.0)
    assert named("rehearsal")["instruct"]["epochs"] != 2.0


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"pretrain.lora_rank": 0}, "pretrain.lora_rank=0 is outside 1 to 256; the default is 32"),
        (
            {"pretrain.lora_alpha": 32, "pretrain.lora_rank": 32},
            "lora_alpha=32 with lora_rank=32: alpha is 2 x rank, write 64",
        ),
        (
            {"instruct.learning_rate": "fast"},
            "instruct.learning_rate='fast': write a number, the default is 0.0002",
        ),
        ({"instruct.batch_size": 2.5}, "instruct.batch_size=2.5: write a whole number, the default is 1"),
        ({"instruct.batch_size": True}, "instruct.batch_size=True: write a whole number, the default is 1"),
        ({"instruct.nf4": 1}, "instruct.nf4=1: write true or false"),
        (
            {"pretrain.backend": "unslot"},
            'pretrain.backend="unslot" is not one of plain, unsloth. Did you mean "unsloth"?',
        ),
        ({"instruct.epoch": 1}, 'instruct.epoch: unknown. Did you mean "epochs"?'),
        ({"instrukt.epochs": 1}, 'instrukt: there is no such part of a recipe. Did you mean "instruct"?'),
        (
            {"quantise.type": "Q4_K"},
            'quantise.type="Q4_K" is not one of Q8_0, Q4_K_M, Q4_0, Q2_K. Did you mean "Q4_K_M"?',
        ),
        (
            {"base.model": "qwen"},
            'base.model="qwen": write tiny, owner/name as on the hub, or the full path of a folder',
        ),
        (
            {"base.revision": "main"},
            'base.revision="main": write the full commit, 40 hexadecimal digits, or leave it empty',
        ),
        (
            {"instruct.learning_rate": 0.003},
            "instruct.learning_rate=0.003 would wreck Qwen/Qwen2.5-Coder-7B: write at most 0.001",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_the_way_out(overrides, sentence):
    assert problems(with_overrides(named("qwen7b"), overrides)) == [sentence]


def test_all_problems_are_reported_at_once():
    wrong = with_overrides(
        named("qwen7b"), {"instruct.epochs": -1, "pretrain.nf4": "no", "generate.top_p": 7}
    )
    del wrong["quantise"]

    found = problems(wrong)

    assert len(found) == 4
    assert any(line.startswith("quantise: missing") for line in found)


def test_a_stage_gets_its_values_the_seed_and_its_inputs():
    recipe = named("rehearsal")

    values = stage_values(recipe, "instruct", seed=7, base_model="/base", train_file="/train.jsonl")

    assert values["seed"] == 7
    assert values["train_file"] == "/train.jsonl"
    assert values["epochs"] == recipe["instruct"]["epochs"]
    assert "samples" not in stage_values(recipe, "generate", gguf="/m.gguf")
