"""Rows to sequences: what is learned of each, and what is said of rows that are not as expected."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex import HyperTokenizer
from hyperlex.errors import ConfigError, FormatError
from hyperlex.recipes.finetune import FinetuneConfig
from hyperlex.recipes.finetune.pieces import Piece, joined
from hyperlex.recipes.finetune.rows import read_rows
from hyperlex.recipes.finetune.run import read_sequences
from hyperlex.recipes.finetune.sequences import Encoder, Sequences
from hyperlex.recipes.pretrain.tokens import end_of_text, open_tokenizer

ROWS = [
    {"title": "Почта", "text": "Старый почтальон шёл вдоль реки.", "label": "0"},
    {"title": "", "text": "В лесу было тихо.", "label": "покой"},
    {"title": "Без текста", "text": "", "label": "тревога"},
]


def config(data: object, **changed: Any) -> FinetuneConfig:
    given = {"model": "m", "output": "o", "data": str(data), "context": 96}
    return FinetuneConfig(**(given | changed))


def jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


def read(tok: HyperTokenizer, sequences: Sequences) -> list[tuple[str, str]]:
    """Each sequence as the text before and the text that is learned, ends of text left out."""
    end = end_of_text(tok)
    found = []
    for index in range(len(sequences)):
        ids, learned = sequences[index]
        assert ids[-1] == end and learned[-1]
        parts = (ids[~learned], ids[learned][:-1])
        found.append((tok.decode(parts[0].tolist()), tok.decode(parts[1].tolist())))
    return found


def write_as(kind: str, folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / f"rows.{kind}"
    if kind == "jsonl":
        return jsonl(path, list(rows))
    if kind == "parquet":
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        return path
    if kind == "saved":
        from datasets import Dataset

        Dataset.from_list(rows).save_to_disk(str(path))
        return path
    text = io.StringIO()
    delimiter = {"tsv": "\t", "of Excel.csv": ";"}.get(kind, ",")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
    return path


@pytest.mark.parametrize(
    "kind", ["jsonl", "csv", "csv.gz", "of Excel.csv", "tsv", "parquet", "saved"]
)
def test_every_format_gives_the_same_rows(kind: str, tmp_path: Path) -> None:
    path = write_as(kind, tmp_path, ROWS)
    assert [dict(row.cells) for row in read_rows(str(path))] == ROWS
    assert [dict(row.cells) for row in read_rows(str(path), 1)] == ROWS[:1]


def test_text_files_are_rows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Первый текст.\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("Второй текст.\n", encoding="utf-8")
    found = [row.text("text") for row in read_rows(str(tmp_path))]
    assert found == ["Первый текст.\n", "Второй текст.\n"]


def test_lenta_is_title_and_text(tok: HyperTokenizer, tmp_path: Path) -> None:
    rows = [
        {"url": f"https://lenta.ru/{n}", **row, "topic": "Мир", "tags": "Все", "date": "2019/01/01"}
        for n, row in enumerate(ROWS)
    ]
    path = write_as("csv.gz", tmp_path, rows)
    told: list[str] = []
    found, held_out = read_sequences(
        config(path, text_columns=("title", "text")), tok, told=told.append
    )
    assert held_out is None
    whole = [tok.decode(found[index].ids[:-1].tolist()) for index in range(len(found))]
    assert whole == ["Почта\n\nСтарый почтальон шёл вдоль реки.", "В лесу было тихо."]
    assert told == ["1 of 3 rows have no text to learn and were left out."]


def test_of_a_prompt_nothing_is_learned(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"q": "Где почтальон?", "a": "Он шёл вдоль реки."}])
    found, _ = read_sequences(config(path, prompt_column="q", completion_column="a"), tok)
    assert read(tok, found) == [("Где почтальон?", " Он шёл вдоль реки.")]


def test_texts_of_a_prompt_are_encoded_one_by_one(tok: HyperTokenizer, tmp_path: Path) -> None:
    asked = ["Почтальон шёл вдоль", " реки."]
    whole = "".join(asked)
    rows = [{"q": asked, "a": "Да."}, {"q": whole, "a": "Да."}]
    path = jsonl(tmp_path / "d.jsonl", rows)
    found, _ = read_sequences(config(path, prompt_column="q", completion_column="a"), tok)
    assert read(tok, found) == [(whole, " Да.")] * 2
    apart, together = (ids[~learned].tolist() for ids, learned in (found[0], found[1]))
    assert apart == [index for text in asked for index in tok.encode(text)] != together
    assert together == tok.encode(whole)


@pytest.mark.parametrize("cell", [[], ["Где", 5]])
def test_a_list_of_something_else_is_no_prompt(
    tok: HyperTokenizer, tmp_path: Path, cell: list[Any]
) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"q": cell, "a": "Да."}])
    with pytest.raises(FormatError, match=r"line 1: the column 'q' holds a list of something"):
        read_sequences(config(path, prompt_column="q", completion_column="a"), tok)


@pytest.mark.parametrize(
    ("row", "changed", "expected"),
    [
        ({"q": None, "a": "Да."}, {"prompt_column": "q"}, "the column 'q' holds null"),
        ({"q": None, "a": "Да."}, {"template": "{q}\n"}, "null in 'q', all that"),
        ({"q": ["Где?", None], "a": "Да."}, {"prompt_column": "q"}, "the column 'q' holds a list"),
        ({"q": "Где?", "a": float("nan")}, {"prompt_column": "q"}, "the column 'a' holds NaN"),
    ],
)
def test_what_is_no_text_is_no_prompt(
    tok: HyperTokenizer, tmp_path: Path, row: dict[str, Any], changed: dict[str, str], expected: str
) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"q": "Где?", "a": "Тут."}, row])
    with pytest.raises(FormatError, match=f"d.jsonl, line 2: {expected}"):
        read_sequences(config(path, completion_column="a", **changed), tok)


def test_a_completion_that_is_null_is_left_out(tok: HyperTokenizer, tmp_path: Path) -> None:
    rows = [{"q": "Где?", "a": None}, {"q": "Где?", "a": "Тут."}]
    path, told = jsonl(tmp_path / "d.jsonl", rows), list[str]()
    recipe = config(path, prompt_column="q", completion_column="a")
    found, _ = read_sequences(recipe, tok, told=told.append)
    assert read(tok, found) == [("Где?", " Тут.")]
    assert told == ["1 of 2 rows have no text to learn and were left out."]


def test_a_label_is_the_completion_of_a_template(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [*ROWS[:2]])
    recipe = config(
        path,
        template="Текст: {text}\nНастроение:",
        label_column="label",
        labels=("радость", "покой"),
    )
    found, _ = read_sequences(recipe, tok)
    assert [learned for _, learned in read(tok, found)] == [" радость", " покой"]
    assert read(tok, found)[1][0] == "Текст: В лесу было тихо.\nНастроение:"


def test_a_template_alone_is_learned_whole(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"a": "река", "b": "лес"}])
    found, _ = read_sequences(config(path, template="{a} и {{{b}}}"), tok)
    before, learned = read(tok, found)[0]
    assert before + learned == "река и {лес}"


def test_a_column_may_have_any_name(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"meta.title": "река", "b[0]": "лес", "7": "мост"}])
    found, _ = read_sequences(config(path, template="{meta.title}, {b[0]}, {7}"), tok)
    assert "".join(read(tok, found)[0]) == "река, лес, мост"


# The tokenizer's hypertokens: "вдоль реки", "последнее письмо", "у окна" among them.
TALK = "Старый почтальон шёл вдоль реки и нёс домой последнее письмо. Мать стояла у окна и ждала."


@given(st.integers(0, len(TALK)))
def test_no_hypertoken_reaches_over_the_boundary(tok: HyperTokenizer, at: int) -> None:
    """Wherever a text is cut, both halves have the ids that they have alone, and read as before."""
    prompt, completion = TALK[:at], TALK[at:]
    pieces = [Piece(prompt, False), Piece(completion, True)]
    encode = Encoder(tok, end_of_text(tok))
    ids, learned = encode(joined("", "")._replace(pieces=pieces))
    count = len(tok.encode(prompt))
    assert ids[:count] == tok.encode(prompt) and ids[count:-1] == tok.encode(completion)
    assert learned == [False] * count + [True] * (len(ids) - count)
    assert tok.decode(ids[:count]) == prompt and tok.decode(ids[count:-1]) == completion


def test_the_boundary_test_can_fail(tok: HyperTokenizer) -> None:
    """Encoded as one text there is a hypertoken that reaches over some boundary."""
    ends = np.cumsum([len(tok.decode([index])) for index in tok.encode(TALK)])
    assert set(range(len(TALK))) - set(ends.tolist())
    assert any(tok.layout.is_hyper(index) for index in tok.encode(TALK))


def test_packing_joins_texts_and_loses_none(tok: HyperTokenizer, tmp_path: Path) -> None:
    texts = ["Старый почтальон шёл вдоль реки.", "В лесу было тихо.", "Мать стояла у окна и ждала."]
    path = jsonl(tmp_path / "d.jsonl", [{"text": text} for text in texts])
    found, _ = read_sequences(config(path, packing=True, context=8), tok)
    sequences = [found[index] for index in range(len(found))]
    assert all(len(each.ids) == 8 for each in sequences[:-1])
    for each in sequences:
        assert not each.learned[0] and each.learned[1:].all()
    stream = np.concatenate([each.ids for each in sequences]).tolist()
    end = end_of_text(tok)
    expected = [index for text in texts for index in [*tok.encode(text), end]]
    # A last sequence of a single id would have nothing to learn and is left out.
    assert stream == expected[: len(stream)] and len(expected) - len(stream) < 2


def test_long_texts_are_cut_and_it_is_said(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"text": TALK}, {"text": "Тихо."}])
    told: list[str] = []
    found, _ = read_sequences(config(path, context=12), tok, told=told.append)
    assert len(found[0].ids) == 12
    (said,) = told
    assert said.startswith("1 of 2 rows are longer than the context and were cut after 12 tokens")
    assert "leaves out 14 of all 34" in said and "packing = true" in said


def test_long_prompts_are_refused_with_their_number(tok: HyperTokenizer, tmp_path: Path) -> None:
    rows = [{"p": "Где?", "c": "Тут."}, {"p": TALK, "c": "Да."}, {"p": TALK * 2, "c": "Да."}]
    options = {"prompt_column": "p", "completion_column": "c", "context": 16}
    path = jsonl(tmp_path / "d.jsonl", rows)
    with pytest.raises(FormatError, match=r"2 of 3 rows .* the first is .*d\.jsonl, line 2, with"):
        read_sequences(config(path, **options), tok)
    told: list[str] = []
    found, _ = read_sequences(config(path, **options, too_long="skip"), tok, told=told.append)
    assert len(found) == 1
    assert told == ["2 of 3 rows are longer than the context and were left out."]


def test_a_row_without_a_prompt_is_a_text_that_may_be_cut(
    tok: HyperTokenizer, tmp_path: Path
) -> None:
    rows = [{"p": "", "c": TALK}, {"p": "Где?", "c": "Тут."}, {"p": TALK, "c": "Да."}]
    options = {"prompt_column": "p", "completion_column": "c", "context": 16, "too_long": "skip"}
    path, told = jsonl(tmp_path / "d.jsonl", rows), list[str]()
    found, _ = read_sequences(config(path, **options), tok, told=told.append)
    assert len(found) == 2
    text, answer = found[0], found[1]
    assert text.ids.tolist() == tok.encode(TALK)[:16]
    assert not text.learned[0] and text.learned[1:].all()
    assert answer.learned.tolist() == [False] * len(tok.encode("Где?")) + [True] * (
        len(tok.encode(" Тут.")) + 1
    )
    left_out, cut = told
    assert left_out == "1 of 3 rows are longer than the context and were left out."
    assert "were cut after 16 tokens, which leaves out 10 of all 37" in cut


def test_ends_of_texts_are_learned_or_not(tok: HyperTokenizer, tmp_path: Path) -> None:
    path, end = jsonl(tmp_path / "d.jsonl", [{"text": "Тихо."}]), end_of_text(tok)
    for ends in (True, False):
        found, _ = read_sequences(config(path, ends=ends), tok)
        assert found[0].ids.tolist() == tok.encode("Тихо.") + [end] * ends
    with pytest.raises(ConfigError, match="ends = false"):
        config(path, ends=False, packing=True)


def test_a_row_without_the_column_is_named(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"text": "Тихо."}, {"texts": "Тихо.", "id": 7}])
    expected = r"d\.jsonl, line 2: no column 'text'\. Did you mean 'texts'\? It has: texts, id"
    with pytest.raises(FormatError, match=expected):
        read_sequences(config(path), tok)


def test_a_label_outside_the_set_is_named(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"text": "Тихо.", "label": "радост"}])
    recipe = config(path, template="{text}", label_column="label", labels=("радость", "покой"))
    expected = r"line 1: the label 'радост' is none of: радость, покой\. Did you mean 'радость'\?"
    with pytest.raises(FormatError, match=expected):
        read_sequences(recipe, tok)
    jsonl(path, [{"text": "Тихо.", "label": 2}])
    with pytest.raises(FormatError, match="the label '2' is none of"):
        read_sequences(recipe, tok)


@pytest.mark.parametrize("rows", [[], [{"text": ""}, {"text": None}]])
def test_empty_data_is_refused(
    tok: HyperTokenizer, tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    path = jsonl(tmp_path / "d.jsonl", rows)
    with pytest.raises(FormatError, match=r"Nothing to learn from in .*d\.jsonl: . rows were read"):
        read_sequences(config(path), tok)
    good = jsonl(tmp_path / "good.jsonl", [{"text": "Тихо."}])
    with pytest.raises(FormatError, match=r"Nothing to learn from in .*d\.jsonl"):
        read_sequences(config(good, validation=str(path)), tok)


def test_data_that_is_not_there_is_refused(tok: HyperTokenizer, tmp_path: Path) -> None:
    for missing in (str(tmp_path / "нет.jsonl"), "нет такого"):
        with pytest.raises(ConfigError, match=f"^'{missing}': no such file, folder or corpus"):
            read_sequences(config(missing), tok)


def test_a_cell_that_is_no_text_is_refused(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"text": ["а", "б"]}])
    with pytest.raises(FormatError, match="line 1: the column 'text' holds a list"):
        read_sequences(config(path), tok)


def test_what_is_held_out_is_not_learned(tok: HyperTokenizer, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "d.jsonl", [{"text": f"Текст {n}."} for n in range(20)])
    found, held_out = read_sequences(config(path, validation=0.25), tok)
    assert held_out is not None and (len(found), len(held_out)) == (15, 5)
    both = read(tok, found) + read(tok, held_out)
    assert len({before + learned for before, learned in both}) == 20
    again, _ = read_sequences(config(path, validation=0.25), tok)
    assert again.sha256 == found.sha256
    other, _ = read_sequences(config(path, validation=0.25, seed=1), tok)
    assert other.sha256 != found.sha256


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"completion_column": "a"}, "without a prompt"),
        ({"prompt_column": "a"}, "without what follows it"),
        ({"label_column": "a", "template": "{b}"}, "belong together"),
        ({"messages_column": "a", "template": "{b}"}, "Take the other one out"),
        ({"messages_column": "a", "completion_column": "b"}, "are both given"),
        ({"template": "{a"}, "is broken"),
        ({"template": "{a!z}"}, r"is broken \(more than a column stands in \{a…\}\)"),
        ({"template": "{a:>9d}"}, "is broken"),
        ({"template": '{"text": {a}}'}, r"\{\{ or \}\} for a brace itself"),
        ({"template": "ничего"}, "names no column"),
        ({"packing": True, "prompt_column": "a", "completion_column": "b"}, "packing = false"),
        ({"adapters": "none", "weights": "nf4"}, "cannot be trained"),
        ({"adapters": "none", "rows": True}, "rows = false"),
        ({"adapters": "routed", "top_k": 9}, "at most experts"),
        ({"validation": 1.5}, "a share between 0 and 1"),
        ({"gpu_memory": "много"}, "no size of memory"),
        ({"learning_rate": 0.0}, "more than 0"),
        ({"context": 1}, "at least 2"),
    ],
)
def test_keys_that_contradict_are_refused(changed: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        config("d.jsonl", **changed)


def test_a_base_that_begins_texts_by_itself_does_so_once(base: Any, tmp_path: Path) -> None:
    """As Llama's does, by a post-processor."""
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    plain = Tokenizer.from_str(base.backend_tokenizer.to_str())
    plain.save(str(tmp_path / "tokenizer.json"))
    tok = open_tokenizer(str(tmp_path / "tokenizer.json"))
    end = end_of_text(tok)
    plain.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", end)]
    )
    plain.save(str(tmp_path / "tokenizer.json"))
    beginning = open_tokenizer(str(tmp_path / "tokenizer.json"))
    ids, learned = Encoder(beginning, end)(joined("Где?", "Тут."))
    assert ids == [end, *Encoder(tok, end)(joined("Где?", "Тут."))[0]]
    assert not learned[0]


def test_a_name_in_place_of_several_is_told_of(tmp_path: Path) -> None:
    wrong: Any = "text"
    with pytest.raises(ConfigError, match=r"text_columns.*a tuple, as \('text',\)"):
        config(tmp_path / "d.jsonl", text_columns=wrong)
