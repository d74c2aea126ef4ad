"""The ladder as a whole: what each rung promises."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_text

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.ladder.code import Reconstruction, SceneCode
from hyperlex.ladder.inflected import Inflector
from hyperlex.ladder.outline import Item

PASSAGE = (
    "Он стоял у двери, не решаясь войти. В 1987 году здесь жила Анна Петровна Седова, и ключ "
    "лежал под ковриком. Никто не ответил ему, хотя в окне горел свет.\n\n"
    "— Вы к кому? — спросили за спиной.\n"
    "— Ни к кому, — сказал он и ушёл, ничего не объяснив."
)
NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
NEGATIONS = re.compile(r"\b(?:не|нет|ни|нельзя|без)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def tok() -> HyperTokenizer:
    return hyperlex.load()


@given(any_text)
def test_rung_4_is_the_exact_lane(tok: HyperTokenizer, text: str) -> None:
    code = hyperlex.compress(text, rung=4)
    assert list(code.ids) == tok.encode(text)
    assert code.decode() == text
    assert code.decode().exact


@pytest.mark.parametrize("rung", [1, 2, 3])
def test_numbers_and_negations_are_kept(rung: int, samples: dict[str, str]) -> None:
    for text in (PASSAGE, *samples.values()):
        told = hyperlex.compress(text[:3000], rung=rung).decode()
        for pattern in (NUMBERS, NEGATIONS):
            met = Counter(found.lower() for found in pattern.findall(text[:3000]))
            assert Counter(found.lower() for found in pattern.findall(told)) == met


@pytest.mark.parametrize("rung", [1, 2, 3, 4])
def test_a_code_is_the_same_each_time(rung: int) -> None:
    first, second = (hyperlex.compress(PASSAGE, rung=rung) for _ in range(2))
    assert first.ids == second.ids
    assert first.places == second.places
    assert first.decode() == second.decode()


def test_running_text_is_told_once(tok: HyperTokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    encode = Inflector.encode

    def counted(self: Inflector, text: str, *rest: Any) -> list[int]:
        told.append(text)
        return encode(self, text, *rest)

    monkeypatch.setattr(Inflector, "encode", counted)
    text = "Фонарщик обошёл набережную. Лодки не вернулись, и он погасил огни раньше обычного."
    code = hyperlex.compress(text, rung=3, tokenizer=tok)
    assert hyperlex.compress(text, rung=3, tokenizer=tok) == code
    assert told == [text]


def test_a_code_is_the_same_in_another_process() -> None:
    program = f"import hyperlex; print(*hyperlex.compress({PASSAGE!r}, rung=2).ids)"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {" ".join(map(str, hyperlex.compress(PASSAGE, rung=2).ids)) + "\n"}


@pytest.mark.parametrize("rung", [1, 2])
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Налог в 13 % не взяли.", "13 %"),
        ("Цена 100 ₽ за штуку.", "100 ₽"),
        ("Он держал руки без перчаток.", "без перчаток"),
        ("Мне его больше не донести.", "не донести"),
    ],
)
def test_units_and_what_is_denied_are_kept(rung: int, text: str, kept: str) -> None:
    assert kept in hyperlex.compress(text, rung=rung).decode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Поезд опоздал на 40 минут.", "опоздал 40 минут"),
        ("Сторож не закрыл скрипучие ворота.", "не закрыл"),
        ("Тихое утро.", "утро"),
    ],
)
def test_rung_1_tells_what_a_scene_is_about(text: str, told: str) -> None:
    assert told in hyperlex.compress(text, rung=1).decode().lower()


@pytest.mark.parametrize("rung", [1, 2])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Цена снизилась с 690 до 575 рублей.", "690, 575"),
        ("На странице 12 автор привёл 450 примеров.", "12"),
        ("Выплатили 125 000 рублей и 3 премии.", "125 000"),
    ],
)
def test_two_numbers_never_become_one(rung: int, text: str, told: str) -> None:
    said = str(hyperlex.compress(text, rung=rung).decode())
    assert told in said
    assert not re.search(r"(?<!125)\d \d", said.replace("125 000", ""))


@pytest.mark.parametrize("rung", [1, 2])
def test_a_doubt_is_no_assertion_and_a_name_no_question(rung: int) -> None:
    def told(text: str) -> str:
        return str(hyperlex.compress(text, rung=rung).decode())

    assert "вряд ли" in told("Вряд ли он придёт.").lower()
    assert "?" not in told("Едва ли он придёт.")
    assert "?" in told("Придёт ли он?")
    assert "Ли" in told("Товарищ Ли подписал договор.")
    assert "?" not in told("Товарищ Ли подписал договор.")
    assert "Ван" in told("Винсент Ван Гог приехал.")


def test_a_reconstruction_travels() -> None:
    told = hyperlex.compress("Он не пришёл домой.", rung=1).decode()
    for again in (pickle.loads(pickle.dumps(told)), copy.copy(told), copy.deepcopy(told)):
        assert isinstance(again, Reconstruction)
        assert (again, again.pieces, again.exact) == (told, told.pieces, told.exact)


@pytest.mark.parametrize("how", [{"rung": 1}, {"rung": 2}, {"tokens": 8}])
def test_a_scene_that_says_nothing_is_left_out(how: dict[str, int]) -> None:
    told = hyperlex.compress("Мы уже вышли 😂😂 Ждите через десять минут!!", **how).decode()
    assert "⟦⟧" not in told.marked
    assert "ждите" in told.lower()


def test_lower_rungs_take_fewer_ids() -> None:
    lengths = [len(hyperlex.compress(PASSAGE, rung=rung)) for rung in (1, 2, 3, 4)]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[1] < lengths[3]


def test_the_ids_of_rung_1_are_among_those_of_rung_2() -> None:
    best, full = (hyperlex.compress(PASSAGE, rung=rung) for rung in (1, 2))
    for one, other in zip(best.places, full.places, strict=True):
        few = Counter(best.ids[one.start : one.stop])
        assert few <= Counter(full.ids[other.start : other.stop])


def lexemes(code: SceneCode) -> Counter[object]:
    """The lexemes and literal words that a code tells."""
    outlines = code.vocabulary.decoder.outlines(code.ids)
    items = [item for outline in outlines for item in outline.items]
    return Counter(
        part
        for item in items
        for part in ([item.lexeme] if isinstance(item, Item) else item.text.split())
    )


@pytest.mark.parametrize("rung", [1, 2])
def test_a_prefix_tells_nothing_that_the_whole_does_not(rung: int) -> None:
    code = hyperlex.compress(PASSAGE, rung=rung)
    whole = lexemes(code)
    for length in range(len(code) + 1):
        prefix = code.prefix(length)
        assert len(prefix) <= length
        assert isinstance(prefix.decode(), Reconstruction)
        assert lexemes(prefix) <= whole


@pytest.mark.parametrize("rung", [3, 4])
def test_a_prefix_of_text_never_ends_inside_a_word(rung: int) -> None:
    code = hyperlex.compress(PASSAGE, rung=rung)
    words = Counter(re.findall(r"[\w-]+", code.decode().lower()))
    for length in range(len(code) + 1):
        assert Counter(re.findall(r"[\w-]+", code.prefix(length).decode().lower())) <= words


@settings(max_examples=25)
@given(st.data())
def test_any_ids_decode(tok: HyperTokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, tok.layout.total - 1), max_size=20))
    assert isinstance(hyperlex.reconstruct(ids), str)


@settings(max_examples=20)
@given(any_text, st.sampled_from([1, 2, 3]))
def test_any_text_goes_through(text: str, rung: int) -> None:
    code = hyperlex.compress(text, rung=rung)
    assert hyperlex.reconstruct(code.ids) == code.decode()
    assert len(code.rungs) == len(code.places) == len(code.scenes)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_a_budget_is_kept_to_the_id(tok: HyperTokenizer, share: float) -> None:
    floor = len(hyperlex.compress(PASSAGE, rung=1))
    exact = len(tok.encode(PASSAGE))
    for tokens in range(max(floor, int(share * exact)), exact + 3, 7):
        code = hyperlex.compress(PASSAGE, tokens=tokens)
        assert len(code) <= tokens
        assert Counter(NUMBERS.findall(code.decode())) == Counter(NUMBERS.findall(PASSAGE))
    assert hyperlex.compress(PASSAGE, tokens=exact).decode() == PASSAGE


def test_a_budget_that_cannot_hold_what_is_protected_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"3 ids cannot hold what is protected.*that takes \d+"):
        hyperlex.compress(PASSAGE, tokens=3)


def test_a_ratio_is_that_of_the_exact_lane(tok: HyperTokenizer) -> None:
    code = hyperlex.compress(PASSAGE, ratio=1.5)
    assert len(code) <= len(tok.encode(PASSAGE)) / 1.5
    assert hyperlex.compress(PASSAGE, ratio=1).decode() == PASSAGE


def test_scenes_are_reached_one_by_one() -> None:
    for rung in (1, 2, 3, 4):
        code = hyperlex.compress(PASSAGE, rung=rung)
        for number in range(len(code.scenes)):
            # A question without a content word is a frame at the lower rungs, and has no words.
            wordless = rung < 3 and "к кому?" in code.expand(number)
            assert code.decode(number) or wordless
            assert code.expand(number) in PASSAGE or len(code.scenes[number].segments) > 1
    assert hyperlex.compress(PASSAGE, rung=2).expand(0).startswith("Он стоял у двери")


@pytest.mark.parametrize(
    "text",
    [
        "def area(width, height):\n    return width * height\n",
        "The cat sat on the mat, and nobody minded.",
        "| a | b |\n|---|---|\n| x_1 | y_2 |\n",
        "",
        "   \n\t",
    ],
)
def test_what_is_not_russian_goes_through_exactly(text: str) -> None:
    for rung in (1, 2, 3):
        assert hyperlex.compress(text, rung=rung).decode().strip() == text.strip()


def test_a_scene_without_end_is_told(tok: HyperTokenizer) -> None:
    lemmas = [lexeme.lemma for lexeme in tok.lexicon.lexemes if lexeme.kind == "N"]
    text = " ".join(lemmas[:300])
    code = hyperlex.compress(text, rung=2)
    assert len(code) <= len(tok.encode(text))
    assert code.decode()


def test_reconstruction_is_marked() -> None:
    told = hyperlex.compress(PASSAGE, rung=2).decode()
    assert not told.exact
    assert told.marked.startswith("⟦")
    assert repr(told).startswith("Reconstruction(")
    assert hyperlex.compress(PASSAGE, rung=4).decode().marked == PASSAGE


def test_without_the_source_no_scene_is_expanded() -> None:
    code = hyperlex.compress(PASSAGE, rung=2, keep=False)
    assert code.text == ""
    with pytest.raises(ConfigError, match="was not kept"):
        code.expand(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rung": 5}, "one of 1, 2, 3 and 4"),
        ({"rung": 1, "tokens": 8}, "one of rung, tokens and ratio"),
        ({"tokens": -1}, "a whole number of ids"),
        ({"tokens": 2.5}, "a whole number of ids"),
        ({"ratio": 0.5}, "1 or more"),
        ({"ratio": float("nan")}, "1 or more"),
    ],
)
def test_a_wrong_wish_is_told_of(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        hyperlex.compress(PASSAGE, **options)  # type: ignore[arg-type]


def test_a_scene_that_is_not_there_is_told_of() -> None:
    code = hyperlex.compress(PASSAGE, rung=2)
    for call in (code.decode, code.expand):
        with pytest.raises(ConfigError, match="There is no scene 99"):
            call(99)


def test_ids_outside_the_layout_are_told_of(tok: HyperTokenizer) -> None:
    with pytest.raises(VocabularyError, match="outside the vocabulary"):
        hyperlex.reconstruct([tok.layout.total])


@pytest.mark.parametrize("text", [b"bytes", ["list"], None])
def test_what_is_no_text_is_told_of(text: object) -> None:
    with pytest.raises(TypeError, match="Text was expected, a str"):
        hyperlex.compress(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("ids", ["text", 5, [[1, 2]], [1.5]])
def test_what_is_no_ids_is_told_of(ids: object) -> None:
    with pytest.raises(TypeError, match="Ids were expected"):
        hyperlex.reconstruct(ids)  # type: ignore[arg-type]


def test_a_code_of_a_long_text_prints_in_a_line() -> None:
    assert len(repr(hyperlex.compress(PASSAGE * 20))) < 120


def test_a_code_travels_to_another_process() -> None:
    code = hyperlex.compress(PASSAGE, rung=3)
    again = pickle.loads(pickle.dumps(code))
    assert again.ids == code.ids
    assert again.decode() == code.decode()


def test_names_tell_what_each_id_says() -> None:
    code = hyperlex.compress(PASSAGE, rung=2)
    assert len(code.names) == len(code)
    assert sum(name.startswith("Δ") for name in code.names) == len(code.hyperlexemes) > 0


@pytest.mark.parametrize("rung", [1, 2])
@pytest.mark.parametrize("text", ["— Да?", "Да.", "Угу.", "А вы?", "А я, а ты?", "Это я.", "Ну?"])
def test_an_answer_is_told_though_it_has_no_content_word(text: str, rung: int) -> None:
    code = hyperlex.compress(text, rung=rung)
    assert str(code.decode()).strip("— ") == text.strip("— ")


def test_a_yes_stays_beside_a_no() -> None:
    code = hyperlex.compress("— Вы согласны? — Да. — А она? — Нет, не согласна.", rung=2)
    assert str(code.decode()) == "Вы согласны? Да. А она? Нет. Не согласна."
    assert "⟦⟧" not in code.decode().marked


CODE = """```python
# складываем два числа
def сумма(a, b):
    return a + b

print(f"Итого: {сумма(2, 3)} руб.")
```"""


@pytest.mark.parametrize("rung", [1, 2, 3])
def test_code_between_fences_stands_as_it_stood(rung: int) -> None:
    text = f"Вот пример для новых учеников:\n\n{CODE}\n\nДальше сторож закрыл ворота."
    told = str(hyperlex.compress(text, rung=rung).decode())
    assert CODE in told
    assert "закрыл" in told


def test_a_fence_that_is_not_closed_goes_to_the_end() -> None:
    text = "Сторож спал.\n\n~~~\nx = сумма(1)  # ещё раз"
    assert "x = сумма(1)  # ещё раз" in str(hyperlex.compress(text, rung=1).decode())
