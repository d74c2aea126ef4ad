"""The one door: names, paths and ids, splits and limits."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import hyperlex_corpora
from hyperlex_corpora import CorpusError, list_cards, load, samples, split_of

CONLLU = (
    "# newdoc id = n01001\n# sent_id = n01001011\n# text = Дед спит.\n1\tДед" + "\t_" * 8 + "\n\n"
)
XML = "<mediawiki><siteinfo><dbname>{}</dbname></siteinfo><page><title>А</title><ns>0</ns>\
<id>1</id><revision><text>Текст.</text></revision></page></mediawiki>"
OPENCORPORA = '<annotation><text id="1" name="А"><paragraphs><paragraph><sentence>\
<source>Дед спит.</source></sentence></paragraph></paragraphs></text></annotation>'


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.txt", "Дед спит.", "PlainRecord"),
        ("a.jsonl", '{"text": "Дед спит."}', "PlainRecord"),
        ("a.csv", "id,text\n1,Дед спит.\n", "PlainRecord"),
        ("a.csv", "url,title,text,topic,tags\nu,З,Дед спит.,Р,Т\n", "LentaRecord"),
        ("a.csv", "\ufeffurl,title,text,topic,tags,date\r\nu,З,Дед спит.,Р,Т,Д\r\n", "LentaRecord"),
        ("a.tsv", "sent_id\tru\ten\nn01001011\tДед спит.\tHe sleeps.\n", "PudRecord"),
        ("a.tsv", "text\tn\nДед спит.\t1\n", "PlainRecord"),
        ("a.conllu", CONLLU, "UdRecord"),
        ("a.xml", XML.format("ruwiki"), "WikipediaRecord"),
        ("a.xml", XML.format("ruwikisource"), "WikisourceRecord"),
        ("a.xml", OPENCORPORA, "OpenCorporaRecord"),
    ],
)
def test_a_file_tells_its_format(packed, name: str, content: str, kind: str) -> None:
    (record,) = load(packed(name, content.encode()))
    assert type(record).__name__ == kind
    assert record.text in ("Дед спит.", "Текст.")


def test_archives_and_folders_tell_theirs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "RussianNovels.zip", "w") as archive:
        archive.writestr("corpus/A_B.txt", "Роман.")
    with zipfile.ZipFile(tmp_path / "annot.opcorpora.xml.zip", "w") as archive:
        archive.writestr("a.xml", OPENCORPORA)
    shutil.copy(tmp_path / "annot.opcorpora.xml.zip", tmp_path / "opencorpora.zip")
    with zipfile.ZipFile(tmp_path / "proza_ru.zip", "w") as archive:
        archive.writestr("home/t/proza_ru/texts/2015/1.txt", "Проза.")
    kinds = {path.name: type(next(load(path))).__name__ for path in sorted(tmp_path.glob("*.zip"))}
    assert kinds == {
        "RussianNovels.zip": "NovelRecord",
        "annot.opcorpora.xml.zip": "OpenCorporaRecord",
        "opencorpora.zip": "OpenCorporaRecord",
        "proza_ru.zip": "TaigaRecord",
    }
    (tmp_path / "ud").mkdir()
    (tmp_path / "ud" / "a.conllu").write_text(CONLLU, "utf-8")
    assert type(next(load(tmp_path / "ud"))).__name__ == "UdRecord"
    (tmp_path / "ud" / "b.txt").write_text("Дед спит.", "utf-8")
    assert type(next(load(tmp_path / "ud"))).__name__ == "PlainRecord"
    assert type(next(load(tmp_path / "ud", format="ud"))).__name__ == "UdRecord"
    (tmp_path / "other.zip").touch()
    with pytest.raises(ValueError, match=r"archive of no corpus.*say its format"):
        load(tmp_path / "other.zip")


def test_unpacked_corpora_are_known_by_their_folders(tmp_path: Path) -> None:
    for name in (
        "RussianNovels-master/corpus/A_B.txt",
        "taiga/home/t/Lenta/texts/1.txt",
        "taiga/home/t/Lenta/tagged_texts/1.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("Дед спит.", "utf-8")
    assert type(next(load(tmp_path / "RussianNovels-master" / "corpus"))).__name__ == "NovelRecord"
    (record,) = load(tmp_path / "taiga")
    assert (type(record).__name__, record.document) == ("TaigaRecord", "lenta/1")


def test_a_saved_data_set_is_a_folder_as_any(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict({"text": ["Дед спит."]}).save_to_disk(tmp_path / "saved")
    assert [record.text for record in load(tmp_path / "saved")] == ["Дед спит."]


def test_splits_of_a_path_are_disjoint_and_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(f'{{"text": "{n}", "document": "{n // 3}"}}\n' for n in range(3_000)), "utf-8"
    )
    parts = {split: list(load(path, split=split)) for split in ("train", "dev", "test")}
    assert sum(map(len, parts.values())) == 3_000
    documents = [{record.document for record in part} for part in parts.values()]
    assert all(documents) and sum(map(len, documents)) == 1_000
    assert all(split_of(record.document) == "dev" for record in parts["dev"])
    with pytest.raises(ValueError, match=r"no split 'valid'. Expected: train, dev, test"):
        load(path, split="valid")


def test_a_limit_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "а"}\n{"text": "б"}\nbroken\n', "utf-8")
    assert [record.text for record in load(path, limit=2)] == ["а", "б"]
    assert list(load(path, limit=0)) == []
    with pytest.raises(ValueError, match="limit is -1"):
        load(path, limit=-1)


def test_a_corpus_that_is_not_fetched_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"not fetched.*hyperlex corpora fetch lenta$"):
        load("lenta", cache_dir=tmp_path)


def fetched(cache: Path, name: str, content: str, files: slice = slice(None)) -> None:
    (one,) = (card for card in list_cards() if card.name == name)
    (cache / name).mkdir(parents=True)
    for file in one.files[files]:
        (cache / name / file.name).write_text(content, "utf-8")


def test_a_fetched_corpus_is_read_under_its_own_name(tmp_path: Path) -> None:
    import bz2

    (tmp_path / "lenta").mkdir()
    data = "url,title,text,topic,tags,date\nu,З,Дед спит.,Р,Т,Д\n".encode()
    (tmp_path / "lenta" / "lenta-ru-news.csv.bz2").write_bytes(bz2.compress(data))
    (record,) = load("lenta", cache_dir=tmp_path)
    assert (record.source, record.domain, record.text) == ("lenta", "news", "Дед спит.")
    assert (
        sum(
            1
            for part in ("train", "dev", "test")
            for _ in load("lenta", split=part, cache_dir=tmp_path)
        )
        == 1
    )


def test_parts_of_a_treebank_are_its_files(tmp_path: Path) -> None:
    fetched(tmp_path, "ud-syntagrus", CONLLU)
    counts = {
        part: sum(1 for _ in load("ud-syntagrus", split=part, cache_dir=tmp_path))
        for part in ("train", "dev", "test", None)
    }
    assert counts == {"train": 3, "dev": 1, "test": 1, None: 5}
    record = next(load("ud-syntagrus", cache_dir=tmp_path))
    assert (record.source, record.domain) == ("ud-syntagrus", "news")


def test_one_part_may_be_fetched_without_the_others(tmp_path: Path) -> None:
    fetched(tmp_path, "ud-gsd", CONLLU, slice(1, 2))
    assert sum(1 for _ in load("ud-gsd", split="dev", cache_dir=tmp_path)) == 1
    with pytest.raises(CorpusError, match=r"ru_gsd-ud-train.conllu is not in"):
        load("ud-gsd", cache_dir=tmp_path)


def test_pairs_are_a_test_set_and_nothing_else(tmp_path: Path) -> None:
    fetched(tmp_path, "pud", CONLLU)
    (record,) = load("pud", split="test", cache_dir=tmp_path)
    assert (record.source, record.domain) == ("pud", "news")
    with pytest.raises(ValueError, match=r"pud has no split 'train'. It has: test"):
        load("pud", split="train", cache_dir=tmp_path)


def test_what_is_not_fetched_may_be_streamed(tmp_path: Path, monkeypatch) -> None:
    datasets = pytest.importorskip("datasets")
    asked: list[object] = []

    def load_dataset(*arguments: object, **options: object) -> list[dict[str, str]]:
        asked.extend([arguments, options])
        url = "https://ru.wikipedia.org/wiki/А"
        return [{"id": "7", "url": url, "title": "А", "text": "Дед спит."}]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    (record,) = load("wikipedia-2023", cache_dir=tmp_path)
    assert (record.text, record.source, record.document) == ("Дед спит.", "wikipedia-2023", "7")
    assert asked == [("wikimedia/wikipedia", "20231101.ru"), {"split": "train", "streaming": True}]
    asked.clear()
    (record,) = load("owner/name:small", split="dev")
    assert (record.text, record.domain) == ("Дед спит.", "name")
    assert asked == [("owner/name", "small"), {"split": "dev", "streaming": True}]


@pytest.mark.parametrize("name", ["lnta", "nowhere/a.txt", "a/b/c", "", "nowhere/"])
def test_neither_a_name_nor_a_path_is_refused(name: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"is no corpus, no file and no folder"):
        load(name)


def test_a_name_nearly_right_is_answered_with_the_right_one() -> None:
    with pytest.raises(FileNotFoundError, match="Near to it: lenta"):
        load("lnta")


def test_a_path_is_never_taken_for_a_name(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pud").write_text("Дед спит.", "utf-8")
    with pytest.raises(ValueError, match="no kind that is read"):
        list(load(Path("pud")))
    with pytest.raises(ValueError, match="no kind that is read"):
        list(load("./pud"))


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'pdf' is no format.*lenta, novels"):
        load(tmp_path, format="pdf")


def test_samples_ship() -> None:
    texts = list(samples())
    assert list(load("samples")) == texts
    assert sum(len(one.text.encode()) for one in texts) >= 40_000
    assert len({one.domain for one in texts}) == 8
    assert len({one.document for one in texts}) == len(texts)
    for one in texts:
        assert 0 < one.sentences <= one.scenes <= one.clauses
        assert "===" not in one.text and one.text == one.text.strip()
    with pytest.raises(
        ValueError, match=r"samples has no split 'train'. It has: none. Without a split"
    ):
        load("samples", split="train")


def test_records_are_frozen_and_share_their_fields() -> None:
    common = {field.name for field in dataclasses.fields(hyperlex_corpora.Record)}
    assert common == {"text", "title", "domain", "source", "document"}
    record = next(samples())
    assert isinstance(record, hyperlex_corpora.Record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.text = ""


def test_importing_is_light_and_needs_nothing_of_the_house() -> None:
    script = (
        "import sys, hyperlex_corpora\n"
        "heavy = {'numpy', 'pyarrow', 'datasets', 'torch', 'hyperlex', 'requests', 'typer'}\n"
        "print(*heavy & sys.modules.keys())"
    )
    command = [sys.executable, "-I", "-c", script]
    output = subprocess.run(command, check=True, capture_output=True, text=True)
    assert output.stdout.split() == []
