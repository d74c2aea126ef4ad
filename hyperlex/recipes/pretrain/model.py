"""The model that is pretrained, and what a token of it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from hyperlex.recipes.pretrain.config import PretrainConfig


def build(config: PretrainConfig, vocabulary: int, *, end: int | None = None) -> Any:
    """A `LlamaForCausalLM` of transformers with random weights, fp32.

    Matrices are normal with a deviation of 0.02, but for the two of each block that write into the
    residual stream: 0.02 / sqrt(2 · layers), so that its variance does not grow with depth
    (Radford et al. 2019, GPT-2, §2.3).

    Args:
        config: its shape and seed.
        vocabulary: rows of the embedding.
        end: the id of the end of text, which begins and ends a text.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=config.hidden,
        intermediate_size=config.mlp,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.key_heads,
        max_position_embeddings=config.context,
        tie_word_embeddings=config.tied,
        bos_token_id=end,
        eos_token_id=end,
        use_cache=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = LlamaForCausalLM(shape)
        with torch.no_grad():
            for block in model.model.layers:
                for matrix in (block.self_attn.o_proj, block.mlp.down_proj):
                    matrix.weight.mul_((2 * config.layers) ** -0.5)
    return model.train()


def training_flops(model: Any, tokens: int, context: int) -> int:
    """FLOPs of forward and backward over `tokens` tokens in windows of `context`.

    Counted are the matrix products alone, a multiplication with an addition as two, and the
    backward pass as twice the forward: 6 · (N + L · H · Q · T · 2) a token, where N are the
    parameters of the linear layers, the head among them also where it is tied, and L · H · Q the
    width of all query heads of all layers, which each multiply with T keys and T values (Chowdhery
    et al. 2022, PaLM, appendix B: 6N + 12LHQT). The embedding is a look-up and costs none. As
    there, attention is counted over the whole window, though half of it is masked, and what is
    computed twice to save memory is counted once.
    """
    return tokens * flops_a_token(model)(context)


def flops_a_token(model: Any) -> Callable[[int], int]:
    """The same for one token, as a function of the context: to be asked before the parameters are
    shared out between processes.
    """
    config = model.config
    linear = sum(
        module.weight.numel() for module in model.modules() if isinstance(module, torch.nn.Linear)
    )
    width = config.num_attention_heads * getattr(
        config, "head_dim", config.hidden_size // config.num_attention_heads
    )
    return lambda context: int(6 * (linear + 2 * config.num_hidden_layers * width * context))
