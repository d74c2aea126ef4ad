"""A small Llama that copies from its first step: heads that look for what followed before.

Models learn to copy when heads of one layer have learned to look back by some tokens, and heads of
the next to look for a place that followed the same tokens (Olsson et al. 2022, *In-context learning
and induction heads*, arXiv 2209.11895). Large models have this from billions of tokens. A model of
a few million parameters on one core of a CPU, after a few million, has not: what it cannot copy in
its own ids it cannot copy in new ones. So the heads begin here as what they become elsewhere. The
model stays a plain `LlamaForCausalLM`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

LAYERS, HEADS, WIDTH, MLP = 3, 8, 96, 512
SPELLED = 96
"""Dimensions that begin as the rows of ids, the first of them alike for all."""
SKETCH = 48
"""Dimensions for each look back, that say which id came before."""
HIDDEN = SPELLED + HEADS * SKETCH
SCALE = 0.15
"""Deviation of the rows of ids."""
ROPE_THETA = 1e6
"""Of rotary positions: half of each head hardly turns over a context, so that it can compare ids
wherever they stand."""
FAST = 8
"""Pairs of dimensions that turn fast enough to tell a place from its neighbours."""
FOCUS, MATCH, COPIED = 2.0, 3.0, 10.0
"""How sharply heads look back, and compare; how strongly what they find is written."""


def copying_llama(vocabulary: int, end: int, context: int, seed: int) -> Any:
    """A tied `LlamaForCausalLM` in fp32, in training mode.

    Heads of the first layer look back by 1, 2 … 8 ids and write down what they see; heads of the
    second look for a place before which stood what stands here, and write the id of that place.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=MLP,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        head_dim=WIDTH,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=end,
        eos_token_id=end,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
    )
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        rows = model.model.embed_tokens.weight
        rows[:, 0] = 4 * SCALE  # what looking back, whatever the id, is read from
        rows[:, 1:SPELLED] = SCALE * torch.randn(vocabulary, SPELLED - 1)
        rows[:, SPELLED:] = 0
        seen = _frame(SPELLED - 1, SKETCH).T  # [SKETCH, SPELLED - 1]
        turns = [torch.eye(SKETCH), *(_frame(SKETCH, SKETCH) for _ in range(HEADS - 1))]
        for block in model.model.layers:
            for matrix in (block.self_attn.o_proj, block.mlp.down_proj):
                matrix.weight.mul_((2 * LAYERS) ** -0.5)
        for block in model.model.layers[:2]:
            for matrix in block.self_attn.children():
                matrix.weight.zero_()
        _look_back(model.model.layers[0].self_attn, seen)
        _look_for(model.model.layers[1].self_attn, seen, turns)
    return model.train()


def _look_back(attention: Any, seen: Tensor) -> None:
    """Head h looks at the place h + 1 before its own: scores are cosines of the distance to it.

    A pair that stands still takes as much away as they have at their highest, 0 then, so that ids
    with a longer row are looked at no more than others.
    """
    turn = ROPE_THETA ** (-torch.arange(FAST) / (WIDTH / 2))  # radians a place
    for head in range(HEADS):
        first, back = head * WIDTH, head + 1
        pairs = torch.arange(first, first + FAST)
        attention.k_proj.weight[pairs, 0] += FOCUS
        attention.q_proj.weight[pairs, 0] += FOCUS * torch.cos(back * turn)
        attention.q_proj.weight[pairs + WIDTH // 2, 0] -= FOCUS * torch.sin(back * turn)
        still = first + WIDTH // 2 - 1
        attention.k_proj.weight[still, 0] += FOCUS * FAST
        attention.q_proj.weight[still, 0] -= FOCUS
        attention.v_proj.weight[first : first + SKETCH, 1:SPELLED] += seen
        attention.o_proj.weight[_sketch(head), first : first + SKETCH] += SCALE * torch.eye(SKETCH)


def _look_for(attention: Any, seen: Tensor, turns: list[Tensor]) -> None:
    """Each head compares the last ids with those before each place, all in the same dimensions,
    each turned its own way; it carries a part of the row that it finds there."""
    slow = torch.arange(WIDTH).view(2, -1)[:, -SKETCH // 2 :].flatten()
    for head in range(HEADS):
        first = head * WIDTH
        place = first + slow
        attention.q_proj.weight[place, 1:SPELLED] += MATCH * seen
        for back, turned in enumerate(turns):
            attention.k_proj.weight[place, _sketch(back)] += turned
            if back:
                attention.q_proj.weight[place, _sketch(back - 1)] += MATCH * turned
        size = SPELLED // HEADS
        part, carried = slice(head * size, (head + 1) * size), slice(first, first + size)
        attention.v_proj.weight[carried, part] += torch.eye(size)
        attention.o_proj.weight[part, carried] += COPIED * SCALE * torch.eye(size)


def _sketch(back: int) -> slice:
    """Where it is written which id came `back + 1` before."""
    return slice(SPELLED + back * SKETCH, SPELLED + (back + 1) * SKETCH)


def _frame(rows: int, columns: int) -> Tensor:
    """Random orthonormal columns."""
    frame: Tensor = torch.linalg.qr(torch.randn(rows, columns))[0]
    return frame
