"""Any sentence that a parser could give, sensible or not."""

from __future__ import annotations

from hypothesis import strategies as st

from hyperlex.types import Sentence, Span, Word

_FORMS = [
    ("он", "PRON", "Case=Nom|Gender=Masc|Number=Sing|Person=3"),
    ("не", "PART", ""),
    ("ни", "PART", ""),
    ("едва", "ADV", ""),
    ("бы", "AUX", ""),
    ("и", "CCONJ", ""),
    ("что", "SCONJ", ""),
    ("пока", "SCONJ", ""),
    ("как", "SCONJ", ""),
    ("который", "PRON", "Case=Nom"),
    ("стоял", "VERB", "Aspect=Imp|Gender=Masc|Number=Sing|Tense=Past|VerbForm=Fin"),
    ("может", "VERB", "Aspect=Imp|Number=Sing|Person=3|Tense=Pres|VerbForm=Fin"),
    ("прийти", "VERB", "Aspect=Perf|VerbForm=Inf"),
    ("решаясь", "VERB", "Aspect=Imp|VerbForm=Conv"),
    ("стоявший", "VERB", "Case=Nom|VerbForm=Part|Voice=Act"),
    ("построен", "VERB", "Aspect=Perf|Variant=Short|VerbForm=Part|Voice=Pass"),
    ("нужно", "ADV", ""),
    ("нет", "VERB", ""),
    ("дверь", "NOUN", "Animacy=Inan|Case=Acc|Gender=Fem|Number=Sing"),
    ("человек", "NOUN", "Animacy=Anim|Case=Gen|Gender=Masc|Number=Sing"),
    ("Иван", "PROPN", "Animacy=Anim|Case=Nom|Gender=Masc|Number=Sing"),
    ("14", "NUM", ""),
    ("кг", "NOUN", ""),
    ("у", "ADP", ""),
    ("был", "AUX", "Gender=Masc|Number=Sing|Tense=Past|VerbForm=Fin"),
    *((mark, "PUNCT", "") for mark in (",", ".", "—", "-", "«", "»", '"', "(", ")", "?", "!", "…")),
    ("🙂", "SYM", ""),
    ("a@b.ru", "X", ""),
]
_LEMMAS = {"стоял": "стоять", "может": "мочь", "нужно": "нужный", "решаясь": "решаться"}
_RELATIONS = [
    *("root", "nsubj", "nsubj:pass", "obj", "iobj", "obl", "obl:agent", "xcomp", "ccomp", "csubj"),
    *("advcl", "acl", "acl:relcl", "amod", "conj", "cc", "mark", "case", "punct", "parataxis"),
    *("advmod", "cop", "aux", "aux:pass", "det", "nummod", "nummod:gov", "flat:name", "fixed"),
    *("appos", "discourse", "dep", "orphan", "unknown"),
]


@st.composite
def sentences_with_text(draw: st.DrawFn) -> tuple[Sentence, str]:
    """A sentence of up to 14 words with any heads, relations and breaks, and its text."""
    picked = draw(st.lists(st.sampled_from(_FORMS), min_size=1, max_size=14))
    gaps = draw(st.lists(st.sampled_from(["", " ", "\n"]), min_size=len(picked)))
    first = draw(st.sampled_from([0, 7]))
    text = draw(st.sampled_from(["", "— ", "1) ", "«"]))
    begin = len(text)
    words = []
    for n, (form, upos, feats) in enumerate(picked):
        if n:
            text += gaps[n]
        head = draw(st.one_of(st.integers(0, len(picked) - 1), st.sampled_from([-9, 99])))
        words.append(
            Word(
                Span(len(text), len(text) + len(form)),
                form,
                _LEMMAS.get(form, form.lower()),
                upos,
                feats,
                first + n,
                first + head,
                draw(st.sampled_from(_RELATIONS)),
                "any",
            )
        )
        text += form
    breaks = draw(st.lists(st.floats(0, 1), min_size=len(words), max_size=len(words)))
    return Sentence(Span(begin, len(text)), tuple(words), tuple(breaks)), text
