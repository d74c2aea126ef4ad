"""Where tokens end, for every kind of tokenizer, to the byte."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure.peer_by_hand import ByHand
from strategies import any_text

from hyperlex.errors import VocabularyError
from hyperlex.measure.peer import FastPeer, HyperPeer, Peer, stops_of_offsets

STORY = "Дед стоял у двери, не решаясь войти. Кто-то сказал: «Су-27 улетел в 14:05»."
AWKWARD = "Ёлка 😀👩‍👧 и́ ﷽\u00a0— ½ 中文\r\n\tconst x = 1;"


def stops(peer: Peer, text: str) -> list[int]:
    (ids,) = peer.encode_batch([text])
    return peer.stops(text, ids).tolist()


@pytest.mark.parametrize("text", [STORY, AWKWARD, "", " ", "\n\n", "😀", "а" * 500])
def test_stops_ascend_and_end_with_the_text(peer: Peer, text: str) -> None:
    found = stops(peer, text)
    assert found == sorted(found)
    assert len(found) == len(peer.encode_batch([text])[0])
    size, trimmed = len(text.encode()), len(text.rstrip().encode())
    if found:
        assert trimmed <= found[-1] <= size


@given(any_text)
def test_stops_of_any_text_lie_in_it(peer: Peer, text: str) -> None:
    found = stops(peer, text)
    assert found == sorted(found)
    assert not found or (found[0] >= 0 and found[-1] <= len(text.encode()))


@given(any_text)
def test_byte_level_stops_spell_the_text(peer: Peer, text: str) -> None:
    """Exact by construction: each token's own bytes stand between its edges."""
    if peer.kind not in ("byte-level BPE", "hyperlex", "tiktoken") or peer.name == "normalising":
        return
    (ids,) = peer.encode_batch([text])
    data, edges = text.encode(), [0, *peer.stops(text, ids).tolist()]
    spelled = [data[a:b] for a, b in pairwise(edges)]
    assert spelled == [peer.pieces[index] for index in ids.tolist()]


@pytest.mark.parametrize("text", [STORY, AWKWARD])
def test_characters_of_tokens_add_up_to_the_text(peer: Peer, text: str) -> None:
    (ids,) = peer.encode_batch([text])
    if peer.kind in ("byte-level BPE", "hyperlex", "tiktoken") and peer.name != "normalising":
        assert peer.characters[ids].sum() == len(text)


def test_a_token_that_ends_inside_a_character_has_an_edge_there(byte_level) -> None:
    found = stops(FastPeer("base", byte_level), "😀")
    assert found[-1] == 4 and set(found[:-1]) <= {1, 2, 3} and len(found) > 1


def test_hypertokens_end_where_their_last_base_token_ends(small_tok) -> None:
    hyper, base = HyperPeer("hyper", small_tok), FastPeer("base", small_tok.base)
    (ids,) = hyper.encode_batch([STORY])
    assert (ids >= small_tok.layout.base_size).any()
    assert hyper.base is not None and base.base is None
    assert hyper.base.encode_batch([STORY])[0].tolist() == small_tok.base_encode(STORY)
    inner = set(stops(hyper, STORY))
    assert inner < set(stops(base, STORY))


def test_a_normal_form_does_not_move_the_edges_after_it(byte_level) -> None:
    """й of two characters is read as one by a base that composes; the edges are of the text."""
    from hyperlex.codebook import BaseTokenizer

    peer = FastPeer("nfc", BaseTokenizer({**byte_level.json, "normalizer": {"type": "NFC"}}))
    composed, apart = "Кто стои\u0306т у двери", "Кто стойт у двери"
    assert len(peer.encode_batch([composed])[0]) == len(peer.encode_batch([apart])[0])
    late = len("стои\u0306т у двери".encode()) - len("стойт у двери".encode())
    after = len("Кто стои\u0306т".encode())
    found = [stop for stop in stops(peer, composed) if stop > after]
    assert found == [stop + late for stop in stops(peer, apart) if stop + late > after]


def test_offsets_that_share_a_character_split_its_bytes() -> None:
    text = "а😀б"  # bytes 0–2, 2–6, 6–8
    offsets = [(0, 1), (1, 2), (1, 2), (1, 2), (1, 2), (2, 3)]
    assert stops_of_offsets(text, offsets).tolist() == [2, 3, 4, 5, 6, 8]


def test_a_token_may_hold_a_whole_character_and_a_part_of_the_next() -> None:
    assert stops_of_offsets("аб", [(0, 2), (1, 2)]).tolist() == [3, 4]


def test_dropped_spaces_go_with_the_token_after_them() -> None:
    assert stops_of_offsets("а  б ", [(0, 1), (3, 4)]).tolist() == [2, 6]


@given(st.text(max_size=60))
def test_offsets_of_whole_characters_are_their_bytes(text: str) -> None:
    offsets = [(n, n + 1) for n in range(len(text))]
    ends = np.cumsum([len(c.encode()) for c in text]).tolist() if text else []
    assert stops_of_offsets(text, offsets).tolist() == ends


def test_a_lone_surrogate_is_refused_with_its_place(peer: Peer) -> None:
    with pytest.raises(VocabularyError, match=r"U\+D83D, at position 4"):
        peer.encode_batch(["дом", "дом \ud83d"])


def test_unknown_tokens_have_an_id_where_there_are_any(peer: Peer) -> None:
    if peer.name in ("Unigram", "WordPiece"):
        (ids,) = peer.encode_batch(["дом 中"])
        assert peer.unknown in ids.tolist()
    elif peer.name != "SentencePiece":
        assert peer.unknown == -1


def test_the_tokenizer_by_hand_keeps_the_same_laws() -> None:
    peer = ByHand("hand", "Он| под|ошёл|.", hyper=["Он"])
    assert stops(peer, "Он подошёл.") == [4, 11, 19, 20]
    assert peer.expansion.tolist() == [1, 1, 1, 2]
