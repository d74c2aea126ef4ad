"""OpenCorpora: the whole export, or a zip with a file a text."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import pytest

from hyperlex_corpora.sources.opencorpora import load_opencorpora

TEXT = """\
<text id="374" parent="226" name="18043 Кто пилил сук?">
  <tags><tag>url:http://example.org/kto_pilil_suk_18043</tag><tag>Год:2010</tag></tags>
  <paragraphs>
    <paragraph id="1">
      <sentence id="1"><source>Кто пилил сук?</source>
        <tokens><token id="1" text="Кто"><tfr rev_id="1" t="Кто"><v><l id="1" t="кто">
          <g v="NPRO"/></l></v></tfr></token></tokens>
      </sentence>
      <sentence id="2"><source>Дед не знал.</source><tokens/></sentence>
    </paragraph>
    <paragraph id="2">
      <sentence id="3"><source>Бабка &amp; внучка знали.</source><tokens/></sentence>
    </paragraph>
  </paragraphs>
</text>
"""
GROUP = '<text id="226" parent="0" name="1812 год"><tags/><paragraphs/></text>'
WHOLE = f"""\
<?xml version="1.0" encoding="utf-8"?>
<annotation version="0.12" revision="1">
{GROUP}{TEXT}{TEXT.replace("374", "375")}
</annotation>
"""


def test_texts_are_sentences_in_paragraphs(packed) -> None:
    skipped: Counter[str] = Counter()
    path = packed("annot.opcorpora.xml", WHOLE.encode())
    first, second = load_opencorpora(path, skipped=skipped)
    assert first.text == "Кто пилил сук? Дед не знал.\nБабка & внучка знали."
    assert (first.title, first.url) == (
        "Кто пилил сук?",
        "http://example.org/kto_pilil_suk_18043",
    )
    assert (first.text_id, first.parent_id, first.tags[1]) == ("374", "226", "Год:2010")
    assert second.document == "375"
    assert skipped == {"no text": 1}


def test_a_number_that_belongs_to_the_name_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(TEXT.replace("18043 Кто пилил сук?", "1812 год"), "utf-8")
    assert [record.title for record in load_opencorpora(path)] == ["1812 год"]


def test_a_zip_may_hold_the_whole_or_a_file_a_text(tmp_path: Path) -> None:
    for name, files in {
        "whole.zip": {"annot.opcorpora.xml": WHOLE},
        "byfile.zip": {"374.xml": TEXT, "375.xml": TEXT.replace("374", "375"), "226.xml": GROUP},
    }.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for inner, content in files.items():
                archive.writestr(inner, content)
        records = load_opencorpora(tmp_path / name)
        assert [record.document for record in records] == ["374", "375"]


def test_broken_xml_has_a_place(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(WHOLE.replace("</sentence>", "", 1), "utf-8")
    with pytest.raises(ValueError, match=r"a\.xml, line 1\d, is no XML"):
        list(load_opencorpora(path))
