"""Propositions: what two texts have in common, counted by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from hyperlex.measure.bootstrap import Bootstrap
from hyperlex.measure.propositions import FIGURES, UNITS, Proposition, Said, compare, f1

STORY = (
    "Старик поднял фонарь и долго смотрел на воду. Лодка не пришла. Анна ждала брата у ворот.",
    "Вечером сосед принёс 14 писем. Почтальон не мог найти дом номер 7.",
    "Орлов уехал в Тверь. Дочь осталась с бабушкой и больше не писала ему.",
    "Снег покрыл крыши. Дети играли у реки, пока не стемнело.",
)


def figures(original: str, realised: str) -> dict[str, float]:
    counts = compare(Said.of(original), Said.of(realised), realised)
    return {name: float(statistic(counts)) for name, statistic in FIGURES.items()}


def test_a_proposition_for_the_event_and_one_for_each_role() -> None:
    said = Said.of("Анна открыла дверь.").units["tuples"]
    event = Proposition("открыть", "+", "fact past")
    assert said == Counter(
        [
            event,
            event._replace(role="agent", lemma="анна"),
            event._replace(role="patient", lemma="дверь"),
        ]
    )


def test_a_scene_without_an_event_says_its_head() -> None:
    assert Said.of("Тихая ночь.").units["tuples"] == Counter([Proposition("ночь", "+", "nominal")])


def test_counts_by_hand() -> None:
    wanted, got = Said.of("Анна открыла дверь."), Said.of("Анна открыла окно.")
    counts = compare(wanted, got, "Анна открыла окно.")
    # The event and its agent are common; the patient is another one.
    assert (counts["tuples wanted"], counts["tuples given"], counts["tuples kept"]) == (3, 3, 2)
    assert f1("tuples")(counts) == pytest.approx(4 / 6)


@pytest.mark.parametrize("text", STORY)
def test_a_text_keeps_all_of_itself(text: str) -> None:
    found = figures(text, text)
    assert all(value == 1 or value != value for value in found.values())
    assert found["proposition F1"] == 1


def test_another_text_keeps_next_to_nothing() -> None:
    counts = [
        compare(Said.of(text), Said.of(other), other)
        for text, other in zip(STORY, (*STORY[1:], STORY[0]), strict=True)
    ]
    drawn = Bootstrap({column: [c[column] for c in counts] for column in counts[0]})
    found = drawn.interval(f1("tuples"))
    assert found.value < 0.05
    assert found.value in found


def test_nothing_given_is_nothing_kept() -> None:
    found = figures(STORY[1], "")
    assert found["proposition F1"] == 0
    assert found["numbers kept"] == 0


def test_a_lost_negation_costs_the_tuples_and_the_polarity() -> None:
    found = figures("Лодка не пришла.", "Лодка пришла.")
    assert found["proposition F1"] == 0
    assert found["event F1"] == 1
    assert found["polarity"] == 0


def test_roles_count() -> None:
    assert figures("Учитель обманул соседа.", "Учителя обманул сосед.")["proposition F1"] < 1


def test_numbers_are_kept_exactly_or_not() -> None:
    assert figures("Пришло 14 писем.", "Пришло 14,0 писем.")["numbers kept"] == 0
    assert figures("Было 7 и 14.", "Было 14.")["numbers kept"] == 0.5


def test_a_name_is_kept_in_any_case_and_to_the_letter_in_one() -> None:
    found = figures("Орлов уехал в Москву.", "Орлов, Москва.")
    assert found["names kept"] == 1
    assert found["names kept to the letter"] == 0.5


def test_every_unit_is_counted() -> None:
    counts = compare(Said.of(STORY[0]), Said.of(STORY[1]), STORY[1])
    assert {name.rpartition(" ")[0] for name in counts} == set(UNITS)
