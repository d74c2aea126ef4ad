"""Scenes of a tree that a person drew."""

from __future__ import annotations

from pathlib import Path

import pytest

from hyperlex.errors import FormatError
from hyperlex.measure.gold import gold_scenes
from hyperlex.measure.propositions import Said

TREE = """# sent_id = 1
# text = Анна не ждала, но брат пришёл.
1	Анна	Анна	PROPN	_	Case=Nom|Gender=Fem|Number=Sing	3	nsubj	_	_
2	не	не	PART	_	Polarity=Neg	3	advmod	_	_
3	ждала	ждать	VERB	_	Mood=Ind|Tense=Past|VerbForm=Fin	0	root	_	_
4	,	,	PUNCT	_	_	7	punct	_	_
5	но	но	CCONJ	_	_	7	cc	_	_
6	брат	брат	NOUN	_	Case=Nom|Number=Sing	7	nsubj	_	_
7	пришёл	прийти	VERB	_	Mood=Ind|Tense=Past|VerbForm=Fin	3	conj	_	_
8	.	.	PUNCT	_	_	3	punct	_	_
"""


def test_the_tree_decides(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text(TREE + "\n", encoding="utf-8")
    ((text, scenes),) = gold_scenes(path)
    assert [scene.event.lemma for scene in scenes] == ["ждать", "прийти"]
    assert [scene.agent.lemma for scene in scenes] == ["Анна", "брат"]
    assert Said.of(text, scenes).units["denials"] == {("ждать", "-"): 1, ("прийти", "+"): 1}


def test_words_that_do_not_stand_in_the_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text(TREE.replace("# text = Анна", "# text = Анны"), encoding="utf-8")
    with pytest.raises(FormatError, match="sentence 1"):
        list(gold_scenes(path))
