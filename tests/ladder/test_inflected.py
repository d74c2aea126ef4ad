"""Rung 3: what is dropped, what is put back, and words by lexeme and form."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import any_text

import hyperlex
from hyperlex.ladder.expected import FormModel
from hyperlex.ladder.files import embedded
from hyperlex.ladder.forms import certain_lexeme, form_of, forms, without_yo
from hyperlex.ladder.lexicon import CAPITAL, CAPITALS, TEXT
from hyperlex.ladder.neighbours import Neighbours
from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.punctuation import restore, sentences_of, thin
from hyperlex.ladder.spelling import ShortSpelling
from hyperlex.ladder.stops import StopModel
from hyperlex.ladder.thinned import shortest
from hyperlex.tokenizer.ladder import default, draft_of

STOPS = embedded().stops
TOK = default()
SHORT = ShortSpelling(
    TOK.encode,
    TOK.decode,
    lambda: [TOK.decode([index]) for index in range(TOK.layout.first_scene)],
)


@pytest.mark.parametrize(
    ("text", "thinned"),
    [
        ("Пришёл Егор (с собакой).", "Пришёл Егор с собакой"),
        ("— Кто там? — спросил он.", "Кто там? спросил он"),
        ("Цена 3,5 рубля, не 4.5!", "Цена 3,5 рубля, не 4.5"),
        ("От 3,5...4,5 кг", "От 3,5 4,5 кг"),
        ("Он сказал: «Пора». Было: пять", "Он сказал: «Пора» Было пять"),
        ("", ""),
    ],
)
def test_marks_may_be_left_out(text: str, thinned: str) -> None:
    assert thin(text) == thinned


@pytest.mark.parametrize(
    ("thinned", "restored"),
    [
        ("Он вошёл Дверь закрылась", "Он вошёл. Дверь закрылась."),
        ("Он вошёл. дверь закрылась", "Он вошёл. Дверь закрылась."),
        ("Было поздно. Егор ушёл", "Было поздно. Егор ушёл."),
        ("Мы жили в Российской Федерации", "Мы жили в Российской Федерации."),
        ("Пришёл Егор (с собакой) Он ушёл", "Пришёл Егор (с собакой). Он ушёл."),
        ("Кто там? спросил он", "Кто там? спросил он."),
        ("", ""),
    ],
)
def test_stops_and_capitals_are_put_back(thinned: str, restored: str) -> None:
    assert restore(thinned, STOPS) == restored


@given(st.text("абАБ1 .…!:;()-—«»,?\n", max_size=30))
@example("а.(б")
@example("а.…б")
@example("а(-)б")
def test_thinning_joins_no_words(text: str) -> None:
    assert words(" ".join(thin(line) for _, line in sentences_of(text))) == words(text)


@pytest.mark.parametrize(
    "text", ["Глава" + "." * 5000 + " 5", "слово-" * 5000 + "1", "аб" * 9000, "(слово)" * 600]
)
def test_long_rows_are_told(text: str) -> None:
    assert words(hyperlex.compress(f"{text} ПРОЖЕКТОР", rung=3).decode()) == words(
        f"{text} ПРОЖЕКТОР"
    )


def test_neighbours_are_the_same_for_who_encodes_and_who_decodes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expect = FormModel.expect
    asked: set[tuple[Lexeme, Neighbours]] = set()

    def noted(model: FormModel, lexeme: Lexeme, around: Neighbours) -> str:
        asked.add((lexeme, around))
        return expect(model, lexeme, around)

    monkeypatch.setattr(FormModel, "expect", noted)
    code = hyperlex.compress("Лестница винтовая, интернет-ПРОЖЕКТОР, винтовая юго-ЗАПАД.", rung=3)
    encoder = set(asked)
    asked.clear()
    code.decode()
    assert asked and asked <= encoder


@given(any_text)
def test_thinning_keeps_all_words(text: str) -> None:
    lines = [thin(line) for _, line in sentences_of(text)]
    assert words(restore(" ".join(lines), STOPS)) == words(text)


def test_a_form_is_named_by_what_tells_it_from_others() -> None:
    door = Lexeme("дверь", "N")
    assert form_of(door, "дверью") == "NOUN,ablt,sing"
    assert forms(door)["NOUN,ablt,sing"] == "дверью"
    assert form_of(door, "окно") is None
    assert form_of(Lexeme("ёж", "N"), "ежа") == form_of(Lexeme("ёж", "N"), "ежа".replace("е", "ё"))
    assert forms(Lexeme("быстро", "R")) == {}


def test_a_word_that_the_dictionary_lacks_is_inflected_as_others_are() -> None:
    assert form_of(Lexeme("глокость", "N"), "глокостью") == "NOUN,ablt,sing"


@pytest.mark.parametrize("kind", ["N", "V", "A", "T", "S"])
def test_a_form_gives_back_its_spelling(kind: str) -> None:
    lemma = {"N": "окно", "V": "стоять", "A": "тихий", "T": "открыть", "S": "тихий"}[kind]
    lexeme = Lexeme(lemma, kind)
    assert forms(lexeme)
    for form, spelling in forms(lexeme).items():
        found = form_of(lexeme, spelling)
        assert found is not None
        assert forms(lexeme)[found] == spelling
        assert form.partition(",")[0]


def test_rung_3_keeps_the_words_in_order() -> None:
    text = (
        "Старый смотритель медленно поднялся по винтовой лестнице. Маяк молчал третью неделю, и "
        "рыбаки обходили мыс стороной."
    )
    code = hyperlex.compress(text, rung=3)
    assert code.decode() == text
    assert len(code) <= len(hyperlex.load().encode(text))


@given(any_text)
def test_words_keep_their_order_and_their_forms_at_rung_3(text: str) -> None:
    assert words(hyperlex.compress(text, rung=3).decode()) == words(text.replace("\x00", " "))


def test_words_of_the_samples_keep_their_order_and_their_forms(samples: dict[str, str]) -> None:
    for text in samples.values():
        told = hyperlex.compress(text[:2000], rung=3)
        assert words(told.decode()) == words(text[:2000])
        assert len(told) < len(hyperlex.load().encode(text[:2000]))


@given(any_text)
@example("Кто там? Прожектор погас. Рассортировываем: ярко-малиновый, ПРОЖЕКТОР… винтовая!")
@example("Он ушёл? рассортировал «Прожектор».\nПрожектор погас.")
def test_told_words_read_as_the_thinned_text_does(text: str) -> None:
    """Capitals, stops and spaces come out as if no word had been told by a code."""
    inflector = TOK.ladder.inflector
    thinned = shortest(text, lambda part: len(SHORT(part)) if part else 0, STOPS)
    ids = inflector.encode(text, draft_of(TOK, text).lexemes)
    read = TOK.decode(TOK.encode("".join(thinned)))
    assert without_yo(inflector.decode(ids)) == without_yo(restore(read, STOPS))


def words(text: str) -> list[str]:
    """The words of a text, without what rung 3 may change in them: capitals and «ё»."""
    return re.findall(r"[^\W_]+", text.lower().replace("ё", "е"))


SENTENCES = (
    "Смотритель поднялся по винтовой лестнице к прожектору.",
    "В рукописи недоставало последней страницы, и переводчица расстроилась.",
    "Ходатайствовали об отсрочке «Водоканалу» и соседнему пароходству.",
    "Почтальонша рассортировала корреспонденцию. Разносить её было некому.",
)


@pytest.mark.parametrize("text", SENTENCES)
def test_dear_words_are_told_by_their_lexemes(text: str) -> None:
    tok = hyperlex.load()
    code = hyperlex.compress(text, rung=3)
    told = [index - tok.layout.first_scene for index in code.ids if index >= tok.layout.first_scene]
    assert any(tok.lexicon.is_lexeme(each) for each in told)
    assert len(code) < len(tok.encode(text))
    assert code.decode().replace("ё", "е") == text.replace("ё", "е")


def test_a_capital_of_a_common_word_is_told() -> None:
    tok = hyperlex.load()
    capital = tok.layout.first_scene + CAPITAL
    lexeme = tok.layout.first_scene + tok.lexicon.lexeme_codes[Lexeme("прожектор", "N")]
    text = tok.layout.first_scene + TEXT
    assert hyperlex.reconstruct([text, lexeme, capital]) == "Прожектор."
    assert hyperlex.reconstruct([text, lexeme]) == "прожектор."
    assert hyperlex.reconstruct([text, capital, lexeme]) == "прожектор."


@pytest.mark.parametrize("before", ["Кто там?", "Кто там?\n", "Это «Заря».", "Что «там?»", "Ах!"])
def test_a_word_that_begins_a_sentence_has_a_capital(before: str) -> None:
    assert re.search("[Пп]рожектор", told_behind(before))[0] == "Прожектор"  # type: ignore[index]


@pytest.mark.parametrize("before", ["Он видел", "Он видел…", "Он видел:", "Кто там?,"])
def test_a_word_inside_a_sentence_has_none(before: str) -> None:
    assert re.search("[Пп]рожектор", told_behind(before))[0] == "прожектор"  # type: ignore[index]


def told_behind(before: str) -> str:
    lexeme = TOK.layout.first_scene + TOK.lexicon.lexeme_codes[Lexeme("прожектор", "N")]
    return hyperlex.reconstruct([TOK.layout.first_scene + TEXT, *TOK.encode(before), lexeme])


@pytest.mark.parametrize(
    "text",
    [
        "Где вы были? Рассортировываете корреспонденцию?",
        "Зачем? Переводчица расстроилась.",
    ],
)
def test_no_marker_says_that_a_sentence_begins_with_a_capital(text: str) -> None:
    code = hyperlex.compress(text, rung=3)
    first = hyperlex.load().layout.first_scene
    assert any(index > first + CAPITALS for index in code.ids)
    assert first + CAPITAL not in code.ids
    assert code.decode() == text


@pytest.mark.parametrize(
    ("text", "lexeme"),
    [
        ("Приехал генерал-пограничник.", Lexeme("пограничник", "N")),
        ("Прошла финансово-хозяйственная проверка.", Lexeme("хозяйственный", "A")),
    ],
)
def test_a_compound_without_a_lexeme_is_told_by_its_parts(text: str, lexeme: Lexeme) -> None:
    tok = hyperlex.load()
    code = hyperlex.compress(text, rung=3)
    assert tok.layout.first_scene + tok.lexicon.lexeme_codes[lexeme] in code.ids
    assert code.decode() == text


def test_a_lexeme_is_certain_where_the_dictionary_leaves_no_choice() -> None:
    assert certain_lexeme("малиновым") == Lexeme("малиновый", "A")
    assert certain_lexeme("Лоуренса") == Lexeme("Лоуренс", "P")
    assert certain_lexeme("лоуренса") is None
    assert certain_lexeme("стали") is None
    assert certain_lexeme("глокая") is None
    assert certain_lexeme("45") is None


def test_words_in_capitals_are_told_by_their_small_letters() -> None:
    tok = hyperlex.load()
    capital, capitals, text = (tok.layout.first_scene + code for code in (CAPITAL, CAPITALS, TEXT))
    lexeme = tok.layout.first_scene + tok.lexicon.lexeme_codes[Lexeme("прожектор", "N")]
    lamp = tok.encode("горит лампа")
    assert hyperlex.reconstruct([text, lexeme, capitals]) == "ПРОЖЕКТОР."
    assert hyperlex.reconstruct([text, *lamp, capitals]) == "горит ЛАМПА."
    assert hyperlex.reconstruct([text, *tok.encode("он зажёг лампу"), capital]) == "он зажёг Лампу."
    notice = "ВНИМАНИЕ! Смотритель ВСЕГДА проверяет ПРОЖЕКТОР и ОКОННЫЕ стёкла."
    code = hyperlex.compress(notice, rung=3)
    assert capitals in code.ids
    told = code.decode().replace("ё", "е")
    assert re.findall(r"\w+", told) == re.findall(r"\w+", notice.replace("ё", "е"))
    assert len(code) < len(tok.encode(notice)) - 2


@pytest.mark.parametrize("quoted", ["«рассортировала корреспонденцию»", '"винтовая лестница"'])
def test_words_in_quotation_marks_may_be_told_by_lexemes(quoted: str) -> None:
    text = f"На двери висела табличка {quoted} и ещё одна."
    code = hyperlex.compress(text, rung=3)
    assert code.decode().replace("ё", "е") == text.replace("ё", "е")
    first, lexicon = hyperlex.load().layout.first_scene, hyperlex.load().lexicon
    assert any(lexicon.is_lexeme(index - first) for index in code.ids if index >= first)


@pytest.mark.parametrize("opening", ["«", "(", "\n", "старик-"])
def test_no_space_stands_before_a_word_that_none_parts_from_what_is_before(opening: str) -> None:
    tok = hyperlex.load()
    text = tok.layout.first_scene + TEXT
    lexeme = tok.layout.first_scene + tok.lexicon.lexeme_codes[Lexeme("прожектор", "N")]
    told = hyperlex.reconstruct([text, *tok.encode(f"вот {opening}"), lexeme])
    assert re.search(rf"{re.escape(opening)}прожектор", told)


def test_an_ending_without_its_word_says_nothing() -> None:
    tok = hyperlex.load()
    for code in (CAPITAL, CAPITALS, tok.lexicon.first_form):
        ending = tok.layout.first_scene + code
        assert hyperlex.reconstruct([ending]) == ""
        assert hyperlex.reconstruct([*tok.encode("Он вошёл"), ending]) == "Он вошёл"


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        ({" он вошёл": 1}, ["Дверь закрылась.", " он вошёл"]),
        ({" Он вошёл": 1}, ["Дверь закрылась.", " Он вошёл"]),
        ({" Он вошёл": 1, "Дверь закрылась.": 3}, ["Дверь закрылась", " Он вошёл"]),
    ],
)
def test_between_sentences_stands_what_costs_least(cost: dict[str, int], told: list[str]) -> None:
    found = shortest("Дверь закрылась. Он вошёл!", lambda text: cost.get(text, 2), STOPS)
    assert found == told
    assert restore("".join(found), STOPS) == "Дверь закрылась. Он вошёл."


def test_a_line_without_a_mark_needs_no_stop() -> None:
    never = StopModel.empty()
    assert shortest("Плывёт туман Холодный", len, never) == ["Плывёт туман Холодный"]
    assert shortest("Плывёт туман\n\nХолодный", len, never) == ["Плывёт туман", " Холодный"]
    assert shortest("Он ушёл. Дверь закрылась", len, never)[0] == "Он ушёл."


@pytest.mark.parametrize(
    ("text", "cheap", "told"),
    [
        ("Кто?\nЯ", "\nЯ", ["Кто?", "\nЯ"]),
        ("Кто?\nЯ", "?\nЯ", ["Кто", "?\nЯ"]),
        ("Он ушёл.\nЯ жду", ".\nЯ жду", ["Он ушёл", ".\nЯ жду"]),
        ("Он ушёл.\n\n\nЯ жду", "\n\nЯ жду", ["Он ушёл.", "\n\nЯ жду"]),
        ("Туман\nХолодный", "\nХолодный", ["Туман", "\nХолодный"]),
        ("Туман,\nХолодный", " Холодный", ["Туман,", " Холодный"]),
    ],
)
def test_a_line_break_stays_where_it_costs_nothing(text: str, cheap: str, told: list[str]) -> None:
    never = StopModel.empty()
    found = shortest(text, lambda each: 1 if each == cheap else 2, never)
    assert found == told
    assert restore("".join(found), never).startswith("".join(found).strip())


def test_a_mark_that_costs_nothing_stays() -> None:
    text = "Пришёл Егор (с собакой) — и ушёл."
    assert shortest(text, len, STOPS) == ["Пришёл Егор с собакой и ушёл"]
    assert shortest(text, lambda _: 1, STOPS) == ["Пришёл Егор (с собакой) — и ушёл"]


def test_a_sentence_without_end_is_told_piece_by_piece() -> None:
    text = " ".join(["и смотритель поднялся по винтовой лестнице к прожектору"] * 60)
    found = shortest(text, len, STOPS)
    assert len(found) > 3
    assert "".join(found) == text
    code = hyperlex.compress(text, rung=3)
    assert words(code.decode()) == words(text)
    assert "." not in code.decode()[:-1]
