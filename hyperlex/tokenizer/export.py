"""A base and a codebook as one plain `tokenizer.json`, and back.

Phrases are vocabulary entries behind `ignore_merges`: a pre-token that is in the vocabulary is
looked up whole, and a trie put before the base's own pattern makes each phrase one pre-token (form
B of research on lossless extension; SuperBPE, arXiv:2503.13423, ships its superwords the same way
without the guarantee). Pieces are merges appended after all base merges (form A). Why the ids are
those of `Codebook.collapse` is told in docs/formats.md; `tests/tokenizer` checks it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.spelling import byte_spelling, spell_bytes
from hyperlex.tokenizer.pattern import phrase_pattern

if TYPE_CHECKING:
    from hyperlex.codebook.codebook import Codebook

# No byte-level spelling has such brackets or a space: it can never be met in a text.
HOLE = "⟨hole {}⟩"


def export_refusal(base: BaseTokenizer) -> str | None:
    """Why this base has no exact plain export, or None where it has one."""
    kind = base.json["model"]["type"]
    if not base.is_byte_level:
        return (
            f"its model is {kind} without byte-level spelling, and word edges cannot be guarded in "
            "such a file"
        )
    if base.split_pattern is None:
        return (
            "its pre-tokenizer is not one Split (or the GPT-2 pattern) before ByteLevel, so "
            "phrases cannot be put in front"
        )
    model = base.json["model"]
    if any(
        model.get(key) for key in ("continuing_subword_prefix", "end_of_word_suffix", "dropout")
    ):
        return (
            "its BPE marks subwords or drops merges at random, so an appended merge would not be "
            "exact"
        )
    if ambiguous := _looked_up_by_mistake(base):
        return f"its added token {ambiguous!r} is not always recognised, and is a word by itself"
    if not model.get("ignore_merges") and (odd := _not_neutral(base)):
        return (
            f"a whole-word look-up would change its ids for {len(odd)} of its own tokens, "
            f"{odd[0]!r} among them"
        )
    return None


def export(codebook: Codebook) -> dict[str, Any]:
    """The extended `tokenizer.json` as a dictionary. The base must have passed `export_refusal`."""
    base = codebook.base
    model = {**base.json["model"], "ignore_merges": True}
    vocabulary: dict[str, int] = dict(model["vocab"])
    merges: list[list[str]] = list(model["merges"])
    # Special tokens outside model.vocab would be moved to the end of it, onto our ids (tokenizers,
    # added_vocabulary.rs).
    vocabulary.update({token["content"]: token["id"] for token in base.json["added_tokens"]})
    # A hole in the numbering would make the vocabulary's length differ from its highest id, and a
    # token that a user adds later is numbered by that length.
    taken = set(vocabulary.values())
    vocabulary.update(
        {HOLE.format(index): index for index in range(base.size) if index not in taken}
    )
    spelling = {index: token for token, index in vocabulary.items()}
    phrases: list[tuple[str, int]] = []
    for index, (left, right) in enumerate(codebook.parts.tolist()):
        if left < 0:
            text = codebook.entry_bytes(index)
            token = spell_bytes(text)
            if codebook.units[index] > 1:
                phrases.append((text.decode(), int(codebook.counts[index])))
        else:
            token = spelling[left] + spelling[right]
            merges.append([spelling[left], spelling[right]])
        assert token not in vocabulary, f"entry {index} spells {token!r}, which has an id already"
        spelling[base.size + index] = token
        vocabulary[token] = base.size + index
    model.update(vocab=vocabulary, merges=merges)
    pattern = "|".join(filter(None, [phrase_pattern(phrases), base.split_pattern]))
    split = {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": _trims_offsets(base),
        "use_regex": False,
    }
    pre_tokenizer = {"type": "Sequence", "pretokenizers": [split, byte_level]}
    return {**base.json, "model": model, "pre_tokenizer": pre_tokenizer}


def recover_base(extended: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """The base's `tokenizer.json` out of an export: the inverse of `export`.

    Args:
        extended: what `export` returned.
        kept: what `base_remnants` of the base returned; a saved tokenizer keeps it in
            `hyperlex_config.json`.
    """
    result = dict(extended)
    model = dict(extended["model"])
    size, pinned = kept["base_size"], set(kept["pinned"])
    model["vocab"] = {t: i for t, i in model["vocab"].items() if i < size and i not in pinned}
    model["merges"] = model["merges"][: kept["merges"]]
    model["ignore_merges"] = kept["ignore_merges"]
    result["model"] = model
    result["pre_tokenizer"] = kept["pre_tokenizer"]
    return result


def base_remnants(base: BaseTokenizer) -> dict[str, Any]:
    """What `export` overwrites of a base: enough to undo it."""
    model = base.json["model"]
    present = set(model["vocab"].values())
    return {
        "base_size": base.size,
        "merges": len(model["merges"]),
        "ignore_merges": model.get("ignore_merges", False),
        "pinned": [index for index in range(base.size) if index not in present],
        "pre_tokenizer": base.json["pre_tokenizer"],
    }


def _trims_offsets(base: BaseTokenizer) -> bool:
    pre_tokenizer = base.json["pre_tokenizer"]
    return bool(pre_tokenizer.get("pretokenizers", [pre_tokenizer])[-1].get("trim_offsets", True))


def _looked_up_by_mistake(base: BaseTokenizer) -> str | None:
    """An added token that the base sometimes reads as plain text, and a whole-word look-up would
    not: one that must stand alone, or is compared before the text is normalised.
    """
    for token in base.json["added_tokens"]:
        content = token["content"]
        unsure = token["single_word"] or (base.json["normalizer"] and not token["normalized"])
        is_word = all(c in byte_spelling() for c in content)
        if unsure and is_word and len(base.splitter.pre_tokenize_str(content)) == 1:
            return str(content)
    return None


def _not_neutral(base: BaseTokenizer) -> list[str]:
    """Tokens of the base that a whole-word look-up finds and its own merges do not make.

    Only strings that are one pre-token by themselves can be looked up whole, and only those matter.
    """
    candidates = []
    for token, index in base.json["model"]["vocab"].items():
        try:
            text = base.token_bytes[index].decode()
        except UnicodeDecodeError:
            continue
        if text and index not in base.added_ids and len(base.splitter.pre_tokenize_str(text)) == 1:
            candidates.append((token, index, text))
    encoded = base.encode_units([text for _, _, text in candidates])
    return [
        token
        for (token, index, _), found in zip(candidates, encoded, strict=True)
        if found != (index,)
    ]


def canonical_json(data: dict[str, Any]) -> str:
    """The text of a `tokenizer.json`: the same bytes for the same data."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
