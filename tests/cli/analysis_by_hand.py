"""Three sentences analysed by hand, so that what is shown does not hang on what is learned."""

from __future__ import annotations

from hyperlex.cli.analysis import Analysed, Block, gathered
from hyperlex.scene.scene import (
    Agent,
    Argument,
    Clause,
    ClauseKind,
    Context,
    Event,
    Protected,
    Scene,
    SceneForm,
    SceneKind,
    Tension,
)
from hyperlex.types import Morpheme, MorphemeType, Span, Word

TEXT = "Он стоял у двери, не решаясь войти.\n\nЧеловек, который вошёл, молчал.\n\nГлава 2\n"

# text, lemma, UPOS, feats, head, relation
_TREE = """
Он        он        PRON  Case=Nom|Gender=Masc|Number=Sing|Person=3                  1  nsubj
стоял     стоять    VERB  Aspect=Imp|Gender=Masc|Number=Sing|Tense=Past              1  root
у         у         ADP   _                                                          3  case
двери     дверь     NOUN  Animacy=Inan|Case=Gen|Gender=Fem|Number=Sing               1  obl
,         ,         PUNCT _                                                          6  punct
не        не        PART  _                                                          6  advmod
решаясь   решаться  VERB  Aspect=Imp|VerbForm=Conv                                   1  advcl
войти     войти     VERB  Aspect=Perf|VerbForm=Inf                                   6  xcomp
.         .         PUNCT _                                                          1  punct
Человек   человек   NOUN  Animacy=Anim|Case=Nom|Gender=Masc|Number=Sing             14  nsubj
,         ,         PUNCT _                                                         12  punct
который   который   PRON  Case=Nom|Gender=Masc|Number=Sing                          12  nsubj
вошёл     войти     VERB  Aspect=Perf|Gender=Masc|Number=Sing|Tense=Past             9  acl:relcl
,         ,         PUNCT _                                                         12  punct
молчал    молчать   VERB  Aspect=Imp|Gender=Masc|Number=Sing|Tense=Past             14  root
.         .         PUNCT _                                                         14  punct
Глава     глава     NOUN  Animacy=Inan|Case=Nom|Gender=Fem|Number=Sing              16  root
2         2         NUM   _                                                         16  nummod
"""

_MORPHEMES = {
    "Он": "Он:ROOT",
    "стоял": "сто:ROOT/я:SUFF/л:SUFF",
    "двери": "двер:ROOT/и:END",
    "решаясь": "реш:ROOT/а:SUFF/я:SUFF/сь:POSTFIX",
    "войти": "во:PREF/й:ROOT/ти:SUFF",
    "Человек": "Человек:ROOT",
    "вошёл": "во:PREF/шё:ROOT/л:SUFF",
}


def words() -> list[Word]:
    made: list[Word] = []
    position = 0
    for index, line in enumerate(_TREE.strip().splitlines()):
        text, lemma, upos, feats, head, relation = line.split()
        position = TEXT.index(text, position)
        span = Span(position, position + len(text))
        position = span.stop
        feats = feats.removeprefix("_")
        made.append(Word(span, text, lemma, upos, feats, index, int(head), relation, "dictionary"))
    return made


def morphemes(word: str) -> tuple[Morpheme, ...]:
    parts, start = [], 0
    for pair in _MORPHEMES.get(word, f"{word}:ROOT").split("/"):
        text, kind = pair.split(":")
        span = Span(start, start + len(text))
        start = span.stop
        parts.append(Morpheme(span, text, MorphemeType(kind), "lexicon"))
    return tuple(parts)


def _hull(given: list[Word]) -> Span:
    return Span(given[0].span.start, given[-1].span.stop)


def _clause(
    number: int, runs: list[list[Word]], kind: ClauseKind, predicate: Word | None
) -> list[Clause]:
    segments = tuple(map(_hull, runs))
    return [
        Clause(_hull(run), tuple(run), number, segments, kind, predicate, "root") for run in runs
    ]


_NOBODY = Agent(None, "", "agent", 0, "", "", None, False, "none")
_PAST = Tension("+", ("fact",), "past", "Imp", "", 0)


def _agent(word: Word) -> Agent:
    return Agent(word, word.lemma, "agent", 3, "Sing", "Masc", True, False, "subject")


def _scene(pieces: list[Clause], agent: Agent, event: Event, tension: Tension) -> Scene:
    given = sorted((w for piece in pieces for w in piece.words), key=lambda word: word.index)
    segments: list[Span] = []
    for word in given:
        if segments and not TEXT[segments[-1].stop : word.span.start].strip():
            segments[-1] = Span(segments[-1].start, word.span.stop)
        else:
            segments.append(word.span)
    arguments = tuple(
        Argument(w.span, Span(w.span.start - 2, w.span.stop), w, "obl", "place", "у")
        for w in given
        if w.relation == "obl"
    )
    protected = tuple(
        Protected(w.span, w.text, "number" if w.upos == "NUM" else "negation")
        for w in given
        if w.upos == "NUM" or w.text == "не"
    )
    nominal = event.word is None
    return Scene(
        _hull(given),
        tuple(segments),
        tuple(given),
        tuple(pieces),
        SceneKind.NOMINAL if nominal else SceneKind.VERBAL,
        SceneForm.HEADING if nominal else SceneForm.PROSE,
        arguments,
        agent,
        event,
        tension,
        Context(arguments, None, "", ""),
        protected,
        ("gerund",) if len(pieces) > 1 else (),
    )


def scenes() -> list[Scene]:
    w = words()
    stood = _clause(0, [w[0:5]], ClauseKind.FINITE, w[1])
    daring = _clause(1, [w[5:9]], ClauseKind.GERUND, w[6])
    silent = _clause(2, [w[9:11], w[14:16]], ClauseKind.FINITE, w[14])
    entered = _clause(3, [w[11:14]], ClauseKind.FINITE, w[12])
    title = _clause(4, [w[16:18]], ClauseKind.NOMINAL, None)
    return [
        _scene(
            stood + daring,
            _agent(w[0]),
            Event(w[1], "стоять", 7, ("сидеть", "лежать")),
            Tension("+", ("dare",), "past", "Imp", "", 0),
        ),
        _scene(silent, _agent(w[9]), Event(w[14], "молчать", -1, ()), _PAST),
        _scene(entered, _agent(w[11]), Event(w[12], "войти", -1, ()), _PAST),
        _scene(title, _NOBODY, Event(None, "", -1, ()), Tension("+", ("fact",), "none", "", "", 0)),
    ]


def sentences(file: str | None = None, *, why: bool = False) -> list[Analysed]:
    """The three sentences, of four scenes."""
    block, made = Block(TEXT, file), scenes()
    lines = ("why", "  scene of clauses 0, 1 verbal, joined by gerund") if why else ()
    groups = (made[:1], made[1:3], made[3:])
    return [gathered(block, group, morphemes, why=lines) for group in groups]
