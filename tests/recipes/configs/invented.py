"""Data of the true formats, invented: places, people and what happens to them, combined."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any

ROWS = 50
LABELS = ("норма", "оскорбление", "угроза")

_PLACES = ("Вологде", "Твери", "Омске", "Калуге", "Перми", "Сызрани", "Ижевске")
_NEWS = (
    ("открыли мост через реку", "Мост строили четыре года", "Экономика", "Регионы"),
    ("нашли клад времён Екатерины", "Монеты лежали под полом старой аптеки", "Культура", "История"),
    ("отменили занятия из-за мороза", "Ночью было тридцать шесть градусов", "Россия", "Погода"),
    ("пустили ночной трамвай", "Вагоны ходят раз в полчаса", "Россия", "Общество"),
    ("вырастили тыкву весом в центнер", "Её везли на ярмарку на телеге", "Из жизни", "Люди"),
    ("закрыли на ремонт главный театр", "Труппа играет в доме культуры", "Культура", "Театр"),
    ("починили городские часы", "Они стояли с прошлой осени", "Из жизни", "Общество"),
    ("выбрали лучшего пекаря", "Победил мастер с пирогом из брусники", "Из жизни", "Еда"),
)
_WHO = ("сосед", "водитель", "продавец", "начальник", "учитель", "врач", "дворник")
_SAID = {
    "норма": (
        "Спасибо, {} сегодня мне очень помог.",
        "Подскажите, когда {} выйдет из отпуска?",
        "Вчера {} рассказывал, как ездил на озеро.",
    ),
    "оскорбление": (
        "Какой же {} бестолковый, двух слов не свяжет.",
        "Этот {} глуп как пробка, и лицо у него такое же.",
        "Только такой дурак, как ваш {}, мог это придумать.",
    ),
    "угроза": (
        "Пусть {} ходит и оглядывается, я его ещё встречу.",
        "Завтра {} пожалеет, что открыл рот.",
        "Я знаю, где живёт {}, и приду не один.",
    ),
}
_ASKED = (
    (
        "Как заварить чай, чтобы он не горчил?",
        "Залейте его водой не горячее 80 градусов.",
    ),
    (
        "Почему осенью желтеют листья?",
        "В них разрушается хлорофилл, и видны другие краски.",
    ),
    ("Сколько струн у балалайки?", "У балалайки три струны."),
    ("Чем отличается ель от сосны?", "У ели иглы короткие и сидят по одной, у сосны — пучками."),
    (
        "Как быстро почистить картошку?",
        "Сварите её в кожуре и остудите в холодной воде.",
    ),
    ("Что взять в поход на два дня?", "Возьмите спальник, котелок, спички, тёплый свитер и карту."),
    ("Когда сажать чеснок?", "Озимый чеснок сажают в октябре, за месяц до морозов."),
)
_SYSTEMS = (
    "Ты — вежливый помощник.",
    "Отвечай коротко.",
    "Ты — садовник и говоришь просто.",
)
_HEROES = ("Старый почтальон", "Молодая учительница", "Лесник", "Хозяйка дома", "Мальчик с удочкой")
_DEEDS = (
    "шёл вдоль реки и считал лодки",
    "долго стоял у двери, не решаясь войти",
    "каждое утро смотрел на дальний лес",
    "нёс домой письмо и боялся его открыть",
    "слушал, как за окном шумит дождь",
)
_ENDS = ("А потом пошёл снег.", "Никто этого не заметил.", "До вечера было ещё далеко.")


def lenta_csv(path: Path, rows: int = ROWS) -> Path:
    """The columns of the archive of Lenta.ru."""
    dates = (f"2019/{1 + n % 12:02}/{1 + n % 27:02}" for n in range(rows))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("url", "title", "text", "topic", "tags", "date"))
        for n, ((place, (what, more, topic, tag)), date) in enumerate(
            zip(_taken(product(_PLACES, _NEWS), rows), dates, strict=True)
        ):
            text = f"В {place} {what}. {more}, рассказали в мэрии. Подробностей пока нет."
            writer.writerow(
                (f"https://lenta.example/{n}", f"В {place} {what}", text, topic, tag, date)
            )
    return path


def moderation_jsonl(path: Path, rows: int = ROWS) -> Path:
    """Rows of text and label, three classes in turn."""
    by_label = {
        label: [words.format(who) for words, who in product(_SAID[label], _WHO)] for label in LABELS
    }
    found = [
        {"text": by_label[label][n // len(LABELS)], "label": label}
        for n, label in zip(range(rows), cycle(LABELS), strict=False)
    ]
    return _jsonl(path, found)


def saiga_jsonl(path: Path, rows: int = ROWS) -> Path:
    """Conversations of a system prompt, a question and an answer; every third goes on."""
    found = []
    for n, (system, (asked, told)) in enumerate(_taken(product(_SYSTEMS, _ASKED), rows)):
        messages = [_turn("system", system), _turn("user", asked), _turn("assistant", told)]
        if n % 3 == 0:
            messages += [_turn("user", "Спасибо!"), _turn("assistant", "Пожалуйста.")]
        found.append({"messages": messages})
    return _jsonl(path, found)


def prompts_txt(path: Path, rows: int = ROWS) -> Path:
    """A prompt a line."""
    lines = [f"{who} {did}" for who, did in _taken(product(_HEROES, _DEEDS), rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def texts_jsonl(path: Path, rows: int = ROWS) -> Path:
    """Short stories."""
    stories = [{"text": f"{who} {did}. {end}"} for who, did, end in product(_HEROES, _DEEDS, _ENDS)]
    return _jsonl(path, stories[:rows])


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _taken(found: Iterable[Any], rows: int) -> list[Any]:
    return list(islice(cycle(found), rows))


def _jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), encoding="utf-8")
    return path
