"""Learning which forms to expect, on texts written for it."""

from __future__ import annotations

from hyperlex.codebook.corpus import Document
from hyperlex.ladder.neighbours import Neighbours
from hyperlex.ladder.outline import Lexeme
from hyperlex.recipes.ladder.expected import FormConfig, learn_forms, read_lessons

TEXTS = [
    "Мы подошли к дому и к реке. Он стоит у дома.",
    "Лодка плыла к дому. У реки росли ивы.",
    "Тропа вела к реке. Собака спала у дома, у реки.",
]
KNOWN = frozenset((Lexeme("дом", "N"), Lexeme("река", "N")))
SMALL = FormConfig(facts=400, easy=1, told=2, epochs=30, rate=0.05)
DOCUMENTS = [Document(text, "fiction") for text in TEXTS * 8]


def test_lessons_are_words_whose_lexeme_is_certain() -> None:
    lessons = read_lessons(DOCUMENTS[:3], len, KNOWN, SMALL, processes=1)
    assert set(lessons.lexemes) <= KNOWN
    assert len(lessons.lexemes) == len(lessons.spellings) == len(lessons.ends)
    assert lessons.ends[-1] == len(lessons.facts)
    assert set(lessons.spellings) <= {"дому", "дома", "реке", "реки"}


def test_the_number_of_processes_changes_nothing() -> None:
    one = read_lessons(DOCUMENTS, len, KNOWN, SMALL, processes=1)
    two = read_lessons(DOCUMENTS, len, KNOWN, SMALL, processes=2)
    assert (one.facts == two.facts).all()
    assert (one.ends == two.ends).all()
    assert (one.lexemes, one.spellings) == (two.lexemes, two.spellings)


def test_what_prepositions_ask_for_is_learned() -> None:
    lessons = read_lessons(DOCUMENTS, len, KNOWN, SMALL, processes=1)
    told: list[str] = []
    model = learn_forms(lessons, SMALL, told.append)
    assert len(told) == SMALL.epochs
    assert model.expect(Lexeme("дом", "N"), Neighbours(("к",), ())) == "дому"
    assert model.expect(Lexeme("дом", "N"), Neighbours(("у",), ())) == "дома"
    again = learn_forms(lessons, SMALL, told.append)
    assert model.parts == again.parts
    assert (model.weights == again.weights).all()
