"""The debug view: which rule or weight decided each boundary, join and facet."""

from __future__ import annotations

from hyperlex.scene.arguments import role_of
from hyperlex.scene.assemble import Clauses, make_scenes
from hyperlex.scene.boundary import needed, owners_of
from hyperlex.scene.layout import Layout
from hyperlex.scene.scene import Scene
from hyperlex.types import Sentence
from hyperlex.word import iter_sentences


def explain(text: str) -> tuple[str, ...]:
    """Lines that say who decided, sentence by sentence: for people, not for programs."""
    lines: list[str] = []
    layout = Layout(text)
    number = 0
    for sentence in iter_sentences(text):
        if sentence.words:
            lines += explain_sentence(sentence, text, layout, number)
            number += Clauses(sentence).count
    return tuple(lines)


def explain_sentence(
    sentence: Sentence, text: str, layout: Layout | None = None, first_number: int = 0
) -> list[str]:
    """The same for one sentence whose spans point into `text`."""
    made = Clauses(sentence, first_number)
    lines = [text[sentence.span.start : sentence.span.stop].replace("\n", "⏎")]
    lines += _boundaries(made)
    kind_rules = {
        made.pieces[n].number: made.kinds[owner][1] for n, owner in enumerate(made.cut.owners)
    }
    for piece in made.pieces:
        lines.append(
            f"  clause {piece.number} {piece.kind.value} ({kind_rules[piece.number]}), began by "
            f"{piece.by}: {_flat(text[piece.span.start : piece.span.stop])}"
        )
    notes: list[list[str]] = []
    for scene, said in zip(
        make_scenes(made, text, layout or Layout(text), notes), notes, strict=True
    ):
        lines += _scene(made, scene, said, text)
    return lines


def _boundaries(made: Clauses) -> list[str]:
    """What tree and network say wherever one of them sees a boundary."""
    tree = made.tree
    owners, rules = owners_of(tree)
    starts = set(made.cut.starts)
    lines = []
    for position in range(1, len(tree.content)):
        place = tree.content[position]
        by_tree = owners[place] != owners[tree.content[position - 1]]
        weight = tree.breaks[place]
        if by_tree or weight >= 0.5:
            tells = f"tree {rules[owners[place]]}" if by_tree else "tree no"
            threshold = needed(tree, by_tree)
            verdict = "boundary" if position in starts else "none"
            lines.append(
                f"  before «{tree.words[place].text}»: {tells}, network {weight:.2f} "
                f"(needs {threshold:.2f}) -> {verdict}"
            )
    return lines


def _scene(made: Clauses, scene: Scene, said: list[str], text: str) -> list[str]:
    numbers = ", ".join(str(n) for n in dict.fromkeys(clause.number for clause in scene.clauses))
    joins = f", joined by {' + '.join(scene.by)}" if scene.by else ""
    lines = [f"  scene of clauses {numbers} {scene.kind.value}{joins}"]
    lines += [f"    {line}" for line in said]
    first = made.tree.words[0].index
    for argument in scene.arguments:
        if argument.relation == "advmod":
            lines.append(f"    argument advmod «{argument.word.text}»: {argument.role} (adverb)")
            continue
        role, rule = role_of(
            made.tree,
            argument.word.index - first,
            argument.relation,
            argument.preposition,
            argument.role == "experiencer",
        )
        lines.append(
            f"    argument {argument.relation} «{_flat(argument.span.of(text))}»: {role} ({rule})"
        )
    lines += [f"    event: {scene.event.gloss}", f"    tension: {scene.tension.gloss}"]
    if scene.context.link:
        lines.append(f"    link: {scene.context.link} («{scene.context.connective}»)")
    lines += [f"    protected: {item.gloss}" for item in scene.protected]
    return lines


def _flat(text: str) -> str:
    return " ".join(text.split())
