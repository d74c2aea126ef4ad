"""What a word can be: the dictionary's parses in terms of Universal Dependencies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.word.dictionary import dictionary
from hyperlex.word.labels import FEATS, UPOS
from hyperlex.word.readings import Reading, _as_adjective, readings


def of(form: str) -> tuple[Reading, ...]:
    return readings(form, dictionary().parse(form))


def offers(form: str, lemma: str, upos: str, *feats: str) -> bool:
    """Whether one of the readings has the lemma, the part of speech and all of the features."""
    return any(
        reading.lemma == lemma
        and reading.upos == upos
        and set(feats) <= set(reading.feats.split("|"))
        for reading in of(form)
    )


TABLE = """
шёл             идти          VERB   Gender=Masc Mood=Ind Number=Sing Tense=Past VerbForm=Fin
придёте         прийти        VERB   Aspect=Perf Number=Plur Person=2 Tense=Fut VerbForm=Fin
садись          садиться      VERB   Mood=Imp Number=Sing Voice=Mid
молчать         молчать       VERB   Aspect=Imp VerbForm=Inf
читающего       читать        VERB   Case=Gen Tense=Pres VerbForm=Part Voice=Act
построенной     построить     VERB   Case=Ins Gender=Fem VerbForm=Part Voice=Pass
уставшими       устать        VERB   Case=Ins Number=Plur VerbForm=Part
закрыта         закрыть       VERB   Gender=Fem Variant=Short VerbForm=Part Voice=Pass
закрыта         закрытый      ADJ    Gender=Fem Variant=Short
решаясь         решаться      VERB   Aspect=Imp VerbForm=Conv Voice=Mid
увидев          увидеть       VERB   Aspect=Perf VerbForm=Conv
был             быть          AUX    Tense=Past VerbForm=Fin
был             быть          VERB   Tense=Past VerbForm=Fin
стола           стол          NOUN   Animacy=Inan Case=Gen Gender=Masc Number=Sing
снегу           снег          NOUN   Case=Par
саду            сад           NOUN   Case=Loc
Москвой         Москва        PROPN  Case=Ins Gender=Fem
красивую        красивый      ADJ    Case=Acc Degree=Pos Gender=Fem Number=Sing
глуп            глупый        ADJ    Gender=Masc Number=Sing Variant=Short
сильнее         сильный       ADJ    Degree=Cmp
сильнее         сильно        ADV    Degree=Cmp
быстро          быстро        ADV    Degree=Pos
третьего        третий        ADJ    Case=Gen
пятью           пять          NUM    Case=Ins
мне             я             PRON   Case=Dat Number=Sing Person=1
ними            они           PRON   Case=Ins Number=Plur Person=3
этого           этот          DET    Case=Gen
его             его           DET
ли              ли            PART
если            если          SCONJ
и               и             CCONJ
над             над           ADP
не              не            PART   Polarity=Neg
бы              бы            AUX    Mood=Cnd
увы             увы           INTJ
Петровой        Петрова       PROPN  Gender=Fem
Ивановна        Ивановна      PROPN  Case=Nom Gender=Fem
США             США           PROPN
прошлого        прошлое       NOUN   Case=Gen Gender=Neut
столовой        столовая      NOUN   Gender=Fem
мгновенья       мгновенье     NOUN   Gender=Neut
основного       основной      ADJ    Case=Gen
заводские       заводской     ADJ    Number=Plur
деньгах         деньги        NOUN   Case=Loc
дальше          далеко        ADV    Degree=Cmp
Крэйг           Крэйг         PROPN  Case=Nom Gender=Masc
Крэйга          Крэйг         PROPN  Case=Gen Gender=Masc
Крэйгом         Крэйг         PROPN  Case=Ins Gender=Masc
Осколков        Осколков      PROPN  Case=Nom
Жозеф           Жозеф         PROPN  Case=Nom Gender=Masc
Чейз-Грамблер   Чейз-Грамблер PROPN  Case=Nom Gender=Masc
выборов         выборы        NOUN   Case=Gen Gender=Masc Number=Plur
Альпах          Альпы         PROPN  Case=Loc Gender=Fem Number=Plur
"""


@pytest.mark.parametrize("line", TABLE.strip().split("\n"), ids=lambda line: line.split()[0])
def test_the_reading_is_offered(line: str) -> None:
    form, lemma, upos, *feats = line.split()
    assert offers(form, lemma, upos, *feats), of(form)


@pytest.mark.parametrize(
    ("form", "lemma", "upos"),
    [
        (",", ",", "PUNCT"),
        ("—", "—", "PUNCT"),
        ("%", "%", "SYM"),
        ("№", "№", "PUNCT"),
        (":-)", ":-)", "SYM"),
        ("👍", "👍", "SYM"),
        ("1812", "1812", "NUM"),
        ("3,5", "3,5", "NUM"),
        ("12.05.2020", "12.05.2020", "NUM"),
        ("notebook", "notebook", "X"),
        ("Windows", "Windows", "PROPN"),
    ],
)
def test_what_no_dictionary_has_is_told_by_its_shape(form: str, lemma: str, upos: str) -> None:
    assert (lemma, upos, "shape") in {(r.lemma, r.upos, r.by) for r in of(form)}


@pytest.mark.parametrize("form", ["Мидзуки", "Рафферти", "Торрео"])
def test_an_unknown_name_in_a_vowel_may_be_its_own_lemma(form: str) -> None:
    assert any(r.lemma == form and r.upos == "PROPN" and r.by == "suffix" for r in of(form))


@pytest.mark.parametrize("form", ["Бергойн", "Чейз-Грамблерр"])
def test_an_unknown_name_in_a_consonant_is_no_plural_without_an_ending(form: str) -> None:
    assert not [reading for reading in of(form) if reading.lemma.lower() == form.lower() + "а"]


def test_an_unknown_name_in_om_is_rather_an_instrumental() -> None:
    prior = {reading.lemma: reading.prior for reading in of("Крэйгом") if reading.upos == "PROPN"}
    assert prior["Крэйг"] > 10 * prior["Крэйгом"]


@pytest.mark.parametrize("form", ["Зеландинии", "Брыковского", "Жмыхову"])
def test_a_case_ending_is_no_lemma(form: str) -> None:
    assert not any(r.lemma == form and "Case=Nom" not in r.feats for r in of(form))


@pytest.mark.parametrize(
    ("participle", "short", "adjective"),
    [
        ("открытой", False, "открытый"),
        ("открыта", True, "открытый"),
        ("прочитано", True, "прочитанный"),
        ("построены", True, "построенный"),
        ("сжат", True, "сжатый"),
        ("читающего", False, "читающий"),
        ("стоящую", False, "стоящий"),
        ("блестящими", False, "блестящий"),
        ("уставшему", False, "уставший"),
        ("опоздавшие", False, "опоздавший"),
        ("опоздавшая", False, "опоздавший"),
        ("любимых", False, "любимый"),
        ("любимое", False, "любимый"),
        ("любимом", False, "любимый"),
        ("улыбающийся", False, "улыбающий"),
        ("раненый", False, "раненый"),
    ],
)
def test_a_participle_as_an_adjective(participle: str, short: bool, adjective: str) -> None:
    assert _as_adjective(participle, short) == adjective


@given(st.one_of(st.text(min_size=1, max_size=20), st.text("аеийокнстщьяАС-1.", min_size=1)))
def test_every_spelling_has_readings_in_the_terms_of_the_network(form: str) -> None:
    found = of(form)
    assert found
    assert len({(r.lemma, r.upos, r.feats) for r in found}) == len(found)
    for reading in found:
        assert reading.lemma
        assert reading.upos in UPOS
        assert reading.prior > 0
        pairs = [pair.split("=") for pair in reading.feats.split("|") if pair]
        assert pairs == sorted(pairs)
        assert all(value in FEATS[name] for name, value in pairs)


@pytest.mark.parametrize("form", ["\U00017000", "слово\U00017000", "\ud800", "\x00", "\ufffd"])
def test_a_letter_without_a_name_is_no_error(form: str) -> None:
    assert {reading.by for reading in of(form)} <= {"shape", "suffix"}
