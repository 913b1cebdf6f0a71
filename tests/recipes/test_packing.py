"""TRL warns that packed programs could see each other without flash attention. transformers masks them."""

import pytest

pytestmark = pytest.mark.slow(4)


def test_a_packed_program_does_not_see_the_one_before_it():
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    torch.set_num_threads(1)
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=300, num_key_value_heads=2, **sizes)).eval()
    first, second = torch.randint(0, 300, (1, 20)), torch.randint(0, 300, (1, 15))
    positions = torch.cat([torch.arange(20), torch.arange(15)])[None]

    with torch.no_grad():
        packed = model(
            input_ids=torch.cat([first, second], 1), position_ids=positions, use_cache=False
        ).logits[:, 20:]
        alone = model(input_ids=second).logits

    assert (packed - alone).abs().max() < 1e-5
