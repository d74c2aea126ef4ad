"""A tiny tokenizer with hypertokens, a random model for it, and one that does as it is told."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.recipes.evaluate import Opened

TEXTS = [
    "Старый рыбак сидел у воды и чинил сеть. Вечером у воды было тихо, и лодка стояла у берега.",
    "Утром старый рыбак ушёл вдоль берега. Лодка стояла у берега, и сеть сохла на ветру.",
    "Дети спросили, где старый рыбак. Никто не знал, и лодка стояла у берега до самой зимы.",
    "Зимой у воды было тихо. Никто не чинил сеть, никто не спросил, где старый рыбак.",
]
END = "<|endoftext|>"


@pytest.fixture(scope="session")
def tok() -> HyperTokenizer:
    base = Tokenizer(models.BPE())
    base.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    base.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    base.train_from_iterator(TEXTS, trainer)
    base.add_special_tokens([END])
    fast = PreTrainedTokenizerFast(tokenizer_object=base, eos_token=END)
    options = {"min_count": 2, "min_documents": 1, "workers": 1}
    return hyperlex.extend_tokenizer(fast, hyperlex.train_codebook(fast, TEXTS, size=20, **options))


@pytest.fixture(scope="session")
def random_model(tok: HyperTokenizer) -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tok.layout.base_size,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=256,
        bos_token_id=None,
        eos_token_id=tok.layout.base_size - 1,
        initializer_range=0.5,
    )
    return hyperlex.extend_model(LlamaForCausalLM(config).eval(), tok)


class Scribe:
    """Answers each prompt with what `answer` makes of its text, id for id as `spell` has it.

    It stands in for a model where a test must know what is written.
    """

    def __init__(
        self, tok: HyperTokenizer, answer: Callable[[str], str], spell: Callable[[str], list[int]]
    ) -> None:
        self._tok, self._answer, self._spell = tok, answer, spell
        self._end = tok.layout.base_size - 1
        text = SimpleNamespace(max_position_embeddings=256)
        self.config = SimpleNamespace(get_text_config=lambda: text, bos_token_id=None)
        self.generation_config = SimpleNamespace(eos_token_id=self._end, pad_token_id=0)

    def get_input_embeddings(self) -> Any:
        return SimpleNamespace(weight=torch.zeros(self._tok.layout.total, 1))

    def generate(
        self, *, input_ids: Any, attention_mask: Any, max_new_tokens: int, **_: Any
    ) -> Any:
        rows = []
        for row, mask in zip(input_ids.tolist(), attention_mask.tolist(), strict=True):
            prompt = [index for index, seen in zip(row, mask, strict=True) if seen]
            answer = [*self._spell(self._answer(self._tok.decode(prompt))), self._end]
            answer = [*answer, *[0] * max_new_tokens][:max_new_tokens]
            rows.append([*row, *answer])
        return torch.tensor(rows)


class Repeater(Scribe):
    """Writes once more, id for id, the second half of what it reads."""

    def __init__(self, tok: HyperTokenizer) -> None:
        super().__init__(tok, str, tok.encode)

    def generate(
        self, *, input_ids: Any, attention_mask: Any, max_new_tokens: int, **_: Any
    ) -> Any:
        half = attention_mask.sum(1, keepdim=True) // 2
        within = torch.arange(max_new_tokens) % half  # and once more, until there is no room
        return torch.cat([input_ids, input_ids.gather(1, input_ids.shape[1] - half + within)], 1)


@pytest.fixture
def scribe(tok: HyperTokenizer) -> Callable[..., Opened]:
    """`scribe(answer)` writes in canonical ids, `scribe(answer, base=True)` in base ids alone."""

    def make(answer: Callable[[str], str], *, base: bool = False, name: str = "scribe") -> Opened:
        model = Scribe(tok, answer, tok.base_encode if base else tok.encode)
        return Opened(name, model, tok)

    return make


@pytest.fixture
def repeater() -> Callable[[HyperTokenizer], Opened]:
    return lambda tok: Opened("repeater", Repeater(tok), tok)
