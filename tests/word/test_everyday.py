"""Rules for ordinary sentences, on sentences: each word named has its relation, and its head."""

from __future__ import annotations

import pytest

import hyperlex

Found = dict[str, tuple[str, str]]


def read(text: str) -> Found:
    words = hyperlex.words(text)
    return {word.text: (word.relation, words[word.head].text) for word in words}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Около половины жителей поддержали проект.", {"половины": ("nsubj", "поддержали")}),
        ("Свыше тысячи рублей ушло на ремонт.", {"рублей": ("nsubj", "ушло")}),
        ("В зале собралось около ста человек.", {"человек": ("nsubj", "собралось")}),
        ("Прочитали около ста страниц.", {"страниц": ("obj", "Прочитали")}),
        ("Прошло около двух часов.", {"часов": ("nsubj", "Прошло")}),
        ("Прошло три года.", {"года": ("nsubj", "Прошло")}),
        ("Около часа ждали автобус.", {"часа": ("obl", "ждали"), "автобус": ("obj", "ждали")}),
    ],
)
def test_estimates_are_subjects_and_objects(text: str, expected: Found) -> None:
    assert expected.items() <= read(text).items()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ни дождь, ни снег его не остановили.", {"снег": ("conj", "дождь")}),
        (
            "То ли снег, то ли дождь шёл всю ночь.",
            {"снег": ("nsubj", "шёл"), "дождь": ("conj", "снег"), "шёл": ("root", "шёл")},
        ),
        (
            "Не то кошка, не то собака пробежала мимо.",
            {"кошка": ("nsubj", "пробежала"), "собака": ("conj", "кошка")},
        ),
    ],
)
def test_paired_particles_coordinate(text: str, expected: Found) -> None:
    assert expected.items() <= read(text).items()
    assert len(hyperlex.clauses(text)) == 1


def test_paired_clauses_stay_two() -> None:
    found = read("Либо ты извинишься, либо я уйду.")
    assert (found["ты"], found["я"]) == (("nsubj", "извинишься"), ("nsubj", "уйду"))


@pytest.mark.parametrize(
    ("text", "noun", "apposition", "verb"),
    [
        ("Мой сосед, старый рыбак, знает все озёра.", "сосед", "рыбак", "знает"),
        ("Наташа, моя сестра, учится в университете.", "Наташа", "сестра", "учится"),
        ("Пушкин, великий поэт, родился в Москве.", "Пушкин", "поэт", "родился"),
    ],
)
def test_a_noun_between_commas_is_an_apposition(
    text: str, noun: str, apposition: str, verb: str
) -> None:
    found = read(text)
    assert (found[noun], found[apposition]) == (("nsubj", verb), ("appos", noun))
    assert len(hyperlex.clauses(text)) == 1


def test_who_is_spoken_to_is_no_subject() -> None:
    assert read("Мама, сестра пришла домой.")["сестра"] == ("nsubj", "пришла")
    assert read("Отец, мать, сестра пришли.")["сестра"][0] != "appos"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Курить вредно.", {"Курить": ("csubj", "вредно"), "вредно": ("root", "вредно")}),
        ("Плавать в этой реке опасно.", {"Плавать": ("csubj", "опасно")}),
        ("Сестра старше брата на три года.", {"Сестра": ("nsubj", "старше")}),
        ("Встать смирно!", {"Встать": ("root", "Встать")}),
    ],
)
def test_what_states_something_without_a_verb(text: str, expected: Found) -> None:
    assert expected.items() <= read(text).items()


@pytest.mark.parametrize(
    ("text", "word", "lemma", "expected"),
    [
        ("Ели стояли в снегу.", "Ели", "ель", ("nsubj", "стояли")),
        ("Мы ели кашу.", "ели", "есть", ("root", "ели")),
        ("Врач наложил жгут.", "жгут", "жгут", ("obj", "наложил")),
        ("Мыла в ванной нет.", "Мыла", "мыло", ("nsubj", "нет")),
        ("Мама мыла раму.", "мыла", "мыть", ("root", "мыла")),
    ],
)
def test_things_are_told_from_deeds(
    text: str, word: str, lemma: str, expected: tuple[str, str]
) -> None:
    assert read(text)[word] == expected
    assert next(w.lemma for w in hyperlex.words(text) if w.text == word) == lemma


def test_what_rings_is_the_subject() -> None:
    text = "Я было собрался уходить, но зазвонил телефон."
    assert read(text)["телефон"] == ("nsubj", "зазвонил")


@pytest.mark.parametrize(
    ("text", "verb", "head"),
    [
        ("Она сказала, что устала, и ушла.", "ушла", "сказала"),
        ("Она сказала, что устала и ушла.", "ушла", "устала"),
        ("Он пообещал, что вернётся, но не вернулся.", "вернулся", "пообещал"),
    ],
)
def test_a_comma_ends_a_clause_within(text: str, verb: str, head: str) -> None:
    assert read(text)[verb] == ("conj", head)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Мы помогаем друг другу.", {"друг": ("iobj", "помогаем"), "другу": ("fixed", "друг")}),
        ("Все друг друга знали.", {"Все": ("nsubj", "знали"), "друг": ("obj", "знали")}),
        ("Они спорили друг с другом.", {"друг": ("obl", "спорили"), "с": ("case", "друг")}),
        ("Мне всё равно.", {"Мне": ("iobj", "равно"), "всё": ("fixed", "равно")}),
        ("Он, может быть, прав.", {"Он": ("nsubj", "прав"), "прав": ("root", "прав")}),
        ("Ложись-ка ты спать.", {"ка": ("discourse", "Ложись")}),
    ],
)
def test_words_of_an_idiom_are_one_phrase(text: str, expected: Found) -> None:
    assert expected.items() <= read(text).items()


def test_friends_are_friends() -> None:
    assert read("Мой друг пришёл.")["друг"] == ("nsubj", "пришёл")
    assert read("Друг друга подождёт.")["Друг"][0] in ("nsubj", "obj")


@pytest.mark.parametrize(
    ("text", "nouns"),
    [
        ("Персонал вежливый, номера чистые.", {"Персонал": "вежливый", "номера": "чистые"}),
        ("Отель понравился, но завтраки однообразные.", {"завтраки": "однообразные"}),
        ("Цены низкие, а качество высокое.", {"Цены": "низкие", "качество": "высокое"}),
        ("Погода хорошая.", {"Погода": "хорошая"}),
    ],
)
def test_an_adjective_behind_its_noun_states(text: str, nouns: dict[str, str]) -> None:
    found = read(text)
    assert {noun: found[noun] for noun in nouns} == {n: ("nsubj", a) for n, a in nouns.items()}
    assert len(hyperlex.clauses(text)) == 1 + text.count(",")


@pytest.mark.parametrize(
    "text",
    ["Судьба дорогая, помоги.", "Как орёл могучий, он парит в небе.", "Он купил хлеб чёрный."],
)
def test_an_adjective_behind_its_noun_may_describe(text: str) -> None:
    assert "amod" in {word.relation for word in hyperlex.words(text) if word.upos == "ADJ"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Петя и Маша пошли в школу.", {"Петя": ("nsubj", "пошли")}),
        ("Меня зовут Олег.", {"Олег": ("xcomp", "зовут")}),
        ("Мою собаку зовут Шарик.", {"Шарик": ("xcomp", "зовут")}),
        ("Что делаешь вечером?", {"Что": ("obj", "делаешь"), "вечером": ("obl", "делаешь")}),
        ("Мужчина в сером пальто купил газету.", {"пальто": ("nmod", "Мужчина")}),
        ("Отец вошёл в пальто.", {"пальто": ("obl", "вошёл")}),
    ],
)
def test_who_takes_part(text: str, expected: Found) -> None:
    assert expected.items() <= read(text).items()


@pytest.mark.parametrize(
    ("text", "word", "order"),
    [
        ("Перемешайте и варите ещё десять минут.", "варите", True),
        ("Приходите завтра.", "Приходите", True),
        ("Вы приходите завтра.", "приходите", False),
        ("Куда идёте?", "идёте", False),
    ],
)
def test_orders_are_told_from_reports(text: str, word: str, order: bool) -> None:
    feats = next(w.feats for w in hyperlex.words(text) if w.text == word)
    assert ("Mood=Imp" in feats) == order


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Цены на бензин выросли на 5 %.", {"%": ("obl", "выросли")}),
        ("Цены выросли на 10–15 %.", {"10": ("nummod", "%"), "на": ("case", "%")}),
        ("Инфляция составила 7 % за год.", {"%": ("obj", "составила")}),
        ("Документы проверят завтра.", {"Документы": ("obj", "проверят")}),
        ("Переговоры пройдут в марте.", {"Переговоры": ("nsubj", "пройдут")}),
        ("Анна и её муж живут там около 40 лет.", {"лет": ("obl", "живут")}),
        ("Он изменил всю духовную жизнь общества.", {"жизнь": ("obj", "изменил")}),
        ("Измерили потери стали в ковше.", {"стали": ("nmod", "потери")}),
        ("Дети придут завтра.", {"Дети": ("nsubj", "придут")}),
        ("Эти слова помнят все.", {"слова": ("obj", "помнят"), "все": ("nsubj", "помнят")}),
        ("Пожар тушат вторые сутки.", {"сутки": ("obl", "тушат")}),
        ("Рабочего ударило током.", {"Рабочего": ("obj", "ударило")}),
        ("Он открыл дверь ключом.", {"ключом": ("obl", "открыл")}),
        ("Он отрезал кусок хлеба ножом.", {"ножом": ("obl", "отрезал")}),
        ("Мы не спали всю ночь.", {"ночь": ("obl", "спали")}),
        ("Он читал книгу весь день.", {"книгу": ("obj", "читал"), "день": ("obl", "читал")}),
        ("Я бы с удовольствием выпил чаю.", {"чаю": ("obj", "выпил")}),
        (
            "Законопроект рассматривается депутатами.",
            {"депутатами": ("obl:agent", "рассматривается")},
        ),
        ("Он является врачом.", {"врачом": ("xcomp", "является")}),
        ("Курить здесь строго запрещено.", {"Курить": ("csubj", "запрещено")}),
        ("Масло растопите, добавьте муку.", {"Масло": ("obj", "растопите")}),
        ("Двое из них были ранены.", {"них": ("nmod", "Двое")}),
        ("Весной его не стало.", {"его": ("obj", "стало")}),
        ("Пришли не все.", {"все": ("nsubj", "Пришли")}),
        ("Роман написан Толстым.", {"Толстым": ("obl:agent", "написан")}),
        ("Его фамилия Кузнецов.", {"фамилия": ("nsubj", "Кузнецов")}),
        ("Детям до шести лет вход бесплатный.", {"вход": ("nsubj", "бесплатный")}),
        ("Главное — не сдаваться.", {"Главное": ("nsubj", "сдаваться")}),
        ("Его отец — врач, мать — учительница.", {"мать": ("nsubj", "учительница")}),
        ("Хватит спорить, давайте работать.", {"давайте": ("advmod", "работать")}),
        ("Ребята, кто видел мою сумку?", {"Ребята": ("vocative", "видел")}),
        ("Папа, а когда мы поедем домой?", {"Папа": ("vocative", "поедем")}),
    ],
)
def test_who_and_what_takes_part(text: str, expected: Found) -> None:
    assert expected.items() <= read(text).items()


@pytest.mark.parametrize(
    ("text", "word", "lemma", "upos"),
    [
        ("Я увидел старого друга.", "старого", "старый", "ADJ"),
        ("Бабушка умеет печь вкусные пироги.", "печь", "печь", "VERB"),
        ("Мама будет печь пирог.", "печь", "печь", "VERB"),
        ("Печь давно остыла.", "Печь", "печь", "NOUN"),
        ("Она перестала есть сладкое.", "есть", "есть", "VERB"),
        ("Я лечу зубы у знакомого врача.", "лечу", "лечить", "VERB"),
        ("Я лечу в Москву.", "лечу", "лететь", "VERB"),
        ("Купи мыла и зубную пасту.", "мыла", "мыло", "NOUN"),
        ("На полке лежал кусок мыла.", "мыла", "мыло", "NOUN"),
        ("Дети спали, часы тикали.", "спали", "спать", "VERB"),
        ("Дети спали, часы тикали.", "часы", "часы", "NOUN"),
        ("Рубашка стоит дороже, чем куртка.", "стоит", "стоить", "VERB"),
        ("Сколько стоит квартира в центре?", "стоит", "стоить", "VERB"),
        ("Дома тихо.", "Дома", "дома", "ADV"),
        ("Жду твоего письма и крепко целую.", "целую", "целовать", "VERB"),
        ("Это всё, что я знаю.", "что", "что", "PRON"),
    ],
)
def test_neighbours_tell_two_words_apart(text: str, word: str, lemma: str, upos: str) -> None:
    found = next(w for w in hyperlex.words(text) if w.text == word)
    assert (found.lemma, found.upos) == (lemma, upos)


@pytest.mark.parametrize(
    ("text", "event", "modality", "agent"),
    [
        ("Мы были вынуждены отменить концерт.", "отменить", "must", ""),
        ("Чтобы поступить в институт, надо сдать три экзамена.", "сдать", "must", ""),
        ("Всем встать!", "встать", "imperative", "все"),
        ("Мне стало стыдно за свои слова.", "стыдный", "fact", "я"),
        ("Сегодня теплее, чем вчера.", "тёплый", "fact", ""),
    ],
)
def test_what_a_scene_is_about(text: str, event: str, modality: str, agent: str) -> None:
    (scene,) = hyperlex.scenes(text)
    assert (scene.event.lemma, scene.tension.modality) == (event, (modality,))
    assert scene.agent.lemma == agent
