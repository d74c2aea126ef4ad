"""The verb behind an embedded clause goes to the noun before it."""

from __future__ import annotations

import pytest

import hyperlex
from hyperlex.word.hosts import return_to_host
from hyperlex.word.readings import Offer

FINITE = "Mood=Ind|Number=Sing|Tense=Past|VerbForm=Fin"
FORMS = ["Человек", ",", "который", "вошёл", ",", "молчал", "."]
LEMMAS = ["человек", ",", "который", "войти", ",", "молчать", "."]
HEADS = [5, 3, 3, 0, 5, 5, 5]
RELATIONS = ["nsubj", "punct", "nsubj", "acl:relcl", "punct", "root", "punct"]


def readings(noun: str = "Case=Nom|Number=Sing", verb: str = FINITE) -> list[Offer]:
    feats = [noun, "", "Case=Nom|Number=Sing", FINITE, "", verb, ""]
    tags = ["NOUN", "PUNCT", "PRON", "VERB", "PUNCT", "VERB", "PUNCT"]
    return [
        (lemma, upos, feat, 1.0, "dictionary")
        for lemma, upos, feat in zip(LEMMAS, tags, feats, strict=True)
    ]


WRONG = [
    ([0, 3, 3, 0, 5, 3, 5], ["root", "punct", "nsubj", "acl:relcl", "punct", "conj", "punct"]),
    ([3, 3, 3, 3, 5, 3, 5], ["nsubj", "punct", "nsubj", "root", "punct", "conj", "punct"]),
    ([2, 3, 3, 3, 5, 3, 5], ["nsubj", "punct", "nsubj", "root", "punct", "conj", "punct"]),
    ([3, 3, 3, 3, 5, 3, 5], ["vocative", "punct", "nsubj", "root", "punct", "conj", "punct"]),
    ([0, 3, 3, 0, 5, 0, 5], ["root", "punct", "nsubj", "acl:relcl", "punct", "parataxis", "punct"]),
    ([0, 3, 3, 0, 5, 0, 5], ["root", "punct", "nsubj", "acl:relcl", "punct", "acl:relcl", "punct"]),
]


@pytest.mark.parametrize(("heads", "relations"), WRONG)
def test_the_verb_after_a_relative_clause_returns_to_its_host(
    heads: list[int], relations: list[str]
) -> None:
    heads, relations = list(heads), list(relations)
    read = readings()
    return_to_host(FORMS, [(offer,) for offer in read], read, heads, relations)
    assert (heads, relations) == (HEADS, RELATIONS)


@pytest.mark.parametrize(
    ("noun", "verb"),
    [
        ("Case=Nom|Number=Plur", FINITE),
        ("Case=Acc|Number=Sing", FINITE),
        ("Case=Nom|Number=Sing", "Mood=Imp|Number=Sing|Person=2|VerbForm=Fin"),
        ("Case=Nom|Number=Sing", "Mood=Ind|Number=Sing|Person=1|Tense=Pres|VerbForm=Fin"),
        ("Case=Nom|Number=Sing", "VerbForm=Inf"),
    ],
)
def test_a_noun_that_cannot_be_its_subject_is_no_host(noun: str, verb: str) -> None:
    for heads, relations in WRONG:
        mended = (list(heads), list(relations))
        read = readings(noun, verb)
        return_to_host(FORMS, [(offer,) for offer in read], read, *mended)
        assert mended == (heads, relations)


def test_a_coordinated_verb_inside_a_relative_clause_stays_there() -> None:
    forms = ["Человек", ",", "который", "вошёл", "и", "сел", "."]
    relations = ["root", "punct", "nsubj", "acl:relcl", "cc", "conj", "punct"]
    heads = [0, 3, 3, 0, 5, 3, 0]
    before = list(heads)
    read = readings()
    return_to_host(forms, [(offer,) for offer in read], read, heads, relations)
    assert heads == before


@pytest.mark.parametrize(
    ("text", "subject", "verb"),
    [
        ("Договор, о котором шла речь, подписан сторонами.", "Договор", "подписан"),
        ("Город, где я родился, стоит на реке.", "Город", "стоит"),
        ("Люди, которые живут у моря, рано встают.", "Люди", "встают"),
        ("Мальчик, чей отец служил на флоте, мечтал о море.", "Мальчик", "мечтал"),
        ("Книга, которую читает сестра, лежит на столе.", "Книга", "лежит"),
        ("Письмо, которое ждала мать, пришло только в пятницу.", "Письмо", "пришло"),
        ("Тот, кто ищет, всегда найдёт.", "Тот", "найдёт"),
        ("Всё, что он сказал, оказалось правдой.", "Всё", "оказалось"),
        ("Все, кого я знал, уехали.", "Все", "уехали"),
        ("Рабочие, уставшие за день, молча ели суп.", "Рабочие", "ели"),
        ("Мысль о том, что придётся уехать, пугала её.", "Мысль", "пугала"),
        ("Уверенность в том, что всё получится, придавала ей сил.", "Уверенность", "придавала"),
        ("Бабушка, которой исполнилось девяносто лет, сама ходит по делам.", "Бабушка", "ходит"),
        ("Вопрос, кто заплатит за ремонт, остался открытым.", "Вопрос", "остался"),
    ],
)
def test_hosts_of_real_sentences(text: str, subject: str, verb: str) -> None:
    words = hyperlex.words(text)
    found = {word.text: (word.relation, words[word.head].text) for word in words}
    assert found[subject] in (("nsubj", verb), ("nsubj:pass", verb))
    assert found[verb] == ("root", verb)


@pytest.mark.parametrize(
    ("text", "noun", "relation", "verb"),
    [
        ("Дом, в котором мы жили, снесли.", "Дом", "obj", "снесли"),
        ("Книгу, которую ты ищешь, купила Оля.", "Книгу", "obj", "купила"),
        ("Человеку, который спас ребёнка, вручили медаль.", "Человеку", "iobj", "вручили"),
        ("С тем, кто лжёт, я не дружу.", "тем", "obl", "дружу"),
        ("О том, что произошло ночью, никто не говорил.", "том", "obl", "говорил"),
    ],
)
def test_what_is_no_subject_is_what_its_case_says(
    text: str, noun: str, relation: str, verb: str
) -> None:
    words = hyperlex.words(text)
    (found,) = (word for word in words if word.text == noun)
    assert (found.relation, words[found.head].text) == (relation, verb)
    assert words[found.head].relation == "root"


def test_what_belongs_to_the_embedded_clause_stays_in_it() -> None:
    words = hyperlex.words("Старый дом, где прошло моё детство, продали чужим людям.")
    found = {word.text: (word.relation, words[word.head].text) for word in words}
    assert found["детство"] == ("nsubj", "прошло")
    assert found["дом"] == ("obj", "продали")


def test_an_aside_is_not_the_verb_of_the_sentence() -> None:
    words = hyperlex.words(
        "Восстание, которое началось весной, изменило город, где, казалось, ждали."
    )
    assert next(word.text for word in words if word.relation == "root") == "изменило"
