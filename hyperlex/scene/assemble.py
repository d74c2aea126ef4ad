"""From the tree of one sentence to its clauses and scenes."""

from __future__ import annotations

from dataclasses import replace

from hyperlex.scene.agent import inherits, own_agent, undergoer
from hyperlex.scene.archetype import archetype_of
from hyperlex.scene.arguments import arguments_of
from hyperlex.scene.boundary import Cut, cut, edges_of
from hyperlex.scene.context import context_of
from hyperlex.scene.join_rules import join_rule
from hyperlex.scene.kind_rules import clause_kind
from hyperlex.scene.layout import Layout
from hyperlex.scene.protected import protected_of
from hyperlex.scene.scene import Agent, Clause, ClauseKind, Event, Scene, SceneKind
from hyperlex.scene.tension import tension_of
from hyperlex.scene.tree import NOWHERE, Tree
from hyperlex.scene.view import Marks, View
from hyperlex.types import Sentence, Span


class Clauses:
    """A sentence cut into clauses, with what the making of scenes needs of them.

    Attributes:
        tree: of the sentence.
        cut: its pieces by place.
        edges: the place at which each piece begins, marks dealt out; the number of words at the
        end. kinds: of each clause, by the place of its head, with the rule that decided.
        pieces: the public clauses, one for each piece.
    """

    __slots__ = ("cut", "edges", "kinds", "pieces", "tree")

    def __init__(self, sentence: Sentence, first_number: int = 0) -> None:
        tree = Tree(sentence)
        made = cut(tree)
        words = tree.words
        self.tree, self.cut, self.edges = tree, made, edges_of(tree, made.starts)
        self.kinds: dict[int, tuple[ClauseKind, str]] = {}
        spans = []
        segments: dict[int, list[Span]] = {}
        edges = self.edges
        for n, owner in enumerate(made.owners):
            span = Span(words[edges[n]].span.start, words[edges[n + 1] - 1].span.stop)
            spans.append(span)
            if owner in segments:
                segments[owner].append(span)
            else:
                segments[owner] = [span]
                if words[owner].upos == "PUNCT":
                    self.kinds[owner] = (ClauseKind.NOMINAL, "punctuation")
                else:
                    self.kinds[owner] = clause_kind(tree, owner)
        number = {owner: first_number + n for n, owner in enumerate(segments)}
        frozen = {owner: tuple(listed) for owner, listed in segments.items()}
        self.pieces = tuple(
            Clause(
                spans[n],
                words[edges[n] : edges[n + 1]],
                number[owner],
                frozen[owner],
                self.kinds[owner][0],
                words[owner] if self.kinds[owner][0] is not ClauseKind.NOMINAL else None,
                made.by[n],
            )
            for n, owner in enumerate(made.owners)
        )

    @property
    def count(self) -> int:
        """How many clauses there are."""
        return len(self.kinds)


def clauses_of(sentence: Sentence, first_number: int = 0) -> tuple[Clause, ...]:
    """The clause pieces of one sentence, which tile it; clauses are numbered from
    `first_number`.
    """
    return Clauses(sentence, first_number).pieces if sentence.words else ()


def scenes_of(
    sentence: Sentence, text: str, layout: Layout | None = None, first_number: int = 0
) -> tuple[Scene, ...]:
    """The scenes of one sentence, in order of their first word.

    Args:
        sentence: its spans point into `text`.
        text: the whole text: the form of a scene depends on the line it stands on.
        layout: of the same text, to be kept from sentence to sentence.
        first_number: of the first clause.
    """
    if not sentence.words:
        return ()
    return make_scenes(Clauses(sentence, first_number), text, layout or Layout(text))


_KINDS = {ClauseKind.NOMINAL: SceneKind.NOMINAL, ClauseKind.PREDICATIVE: SceneKind.PREDICATIVE}


def make_scenes(
    clauses: Clauses, text: str, layout: Layout, notes: list[list[str]] | None = None
) -> tuple[Scene, ...]:
    """The scenes of a sentence that is cut into clauses; `notes` gets a list of lines for each."""
    tree, made, edges = clauses.tree, clauses.cut, clauses.edges
    main, by = _join(clauses, text)
    groups: dict[int, list[int]] = {}
    for n, owner in enumerate(made.owners):
        groups.setdefault(main[owner], []).append(n)
    guarded: dict[int, list[int]] = {}
    safe = protected_of(tree, text)
    if safe:
        group_at = [0] * len(tree.words)
        for head, pieces in groups.items():
            for n in pieces:
                group_at[edges[n] : edges[n + 1]] = [head] * (edges[n + 1] - edges[n])
        for item, (place, _) in enumerate(safe):
            guarded.setdefault(group_at[place], []).append(item)
    marks = Marks(tree, made)
    views = {}
    for head, pieces in groups.items():
        places = [p for n in pieces for p in range(edges[n], edges[n + 1])]
        members = [
            (owner, clauses.kinds[owner][0])
            for owner in dict.fromkeys(made.owners[n] for n in pieces)
            if owner != head
        ]
        views[head] = View(tree, made, marks, head, clauses.kinds[head][0], members, places)
    agents = _agents(views, main, made)
    scenes = []
    for head, pieces in groups.items():
        view = views[head]
        said: list[str] | None = None if notes is None else []
        agent, agent_place = agents[head]
        arguments = arguments_of(tree, view.places, made.of_word, view.chain, view.dative)
        segments = _segments(clauses, pieces)
        span = Span(segments[0].start, segments[-1].stop)
        form, form_rule = layout.form(span.start, span.stop)
        scenes.append(
            Scene(
                span,
                segments,
                tuple([tree.words[p] for p in view.places]),
                tuple([clauses.pieces[n] for n in pieces]),
                _KINDS.get(view.kind, SceneKind.VERBAL),
                form,
                tuple([argument for _, argument in arguments]),
                agent,
                _event(view),
                tension_of(view, said),
                context_of(view, arguments, agent_place),
                tuple([safe[item][1] for item in guarded.get(head, ())]),
                by.get(head, ()),
            )
        )
        if said is not None and notes is not None:
            said.append(f"form: {form.value} ({form_rule})")
            said.append(f"agent: {agent.gloss} ({agent.source})")
            notes.append(said)
    return tuple(scenes)


def _join(clauses: Clauses, text: str) -> tuple[dict[int, int], dict[int, tuple[str, ...]]]:
    """For each clause head the head of its scene's main clause; and the rules that joined, by
    that.
    """
    tree, made = clauses.tree, clauses.cut
    joined: dict[int, int] = {}
    names: dict[int, str] = {}
    seen: set[int] = set()
    for n, owner in enumerate(made.owners):
        if owner in seen:
            continue
        seen.add(owner)
        host = made.host.get(owner, NOWHERE)
        if host == NOWHERE:
            continue
        mark = _mark_before(text, clauses.pieces[n].span.start)
        rule = join_rule(tree, owner, clauses.kinds[owner][0], mark)
        if rule is not None:
            joined[owner] = host
            names[owner] = rule.name
    main: dict[int, int] = {}
    by: dict[int, tuple[str, ...]] = {}
    for owner in seen:
        top, path = owner, [owner]
        while top in joined:
            top = joined[top]
            if top in path:
                # A ring of clauses, which only the network's boundaries make: the first one leads.
                top = min(path[path.index(top) :])
                break
            path.append(top)
        main[owner] = top
    for owner, name in names.items():
        if main[owner] != owner:
            by[main[owner]] = (*by.get(main[owner], ()), name)
    return main, by


def _mark_before(text: str, start: int) -> str:
    gap = start - 1
    while gap >= 0 and text[gap].isspace():
        if text[gap] == "\n":
            return "\n"
        gap -= 1
    return text[gap] if gap >= 0 else ""


def _agents(
    views: dict[int, View], main: dict[int, int], made: Cut
) -> dict[int, tuple[Agent, int]]:
    """The agent of every scene; a coordinated one may take it from the scene it hangs on."""
    agents = {head: own_agent(view) for head, view in views.items()}
    # Hosts first: a scene may hand on what it was itself given.
    for head, view in sorted(
        views.items(), key=lambda item: (item[1].tree.depth(item[0]), item[0])
    ):
        host = main.get(made.host.get(head, NOWHERE), NOWHERE)
        if host in (NOWHERE, head):
            continue
        relation = view.tree.bases[head]
        if relation in ("conj", "parataxis"):
            _hand_on(agents, view, agents[host][0])
            if agents[head][0].source == "verb":
                # «Книга издана и хорошо продаётся»: what the one undergoes does the other.
                _hand_on(agents, view, undergoer(views[host]))
        elif relation == "advcl" and head < host and agents[host][0].number != "Plur":
            # «Когда он пришёл, лёг спать»; but «когда они ушли, вымыли посуду» tells of others.
            _hand_on(agents, views[host], agents[head][0])
    return agents


def _hand_on(agents: dict[int, tuple[Agent, int]], view: View, above: Agent) -> None:
    """Gives a scene without a subject the agent of another, in place, if it fits."""
    agent, place = agents[view.head]
    if inherits(view, agent, above, _among_others(view.tree, above)):
        agents[view.head] = (replace(above, source="host"), place)


def _among_others(tree: Tree, agent: Agent) -> bool:
    if agent.word is None:
        return False
    place = agent.word.index - tree.words[0].index
    return tree.has(place, "conj", "nummod") or tree.words[place].upos == "NUM"


def _segments(clauses: Clauses, pieces: list[int]) -> tuple[Span, ...]:
    """The pieces of a scene, neighbours made one."""
    runs: list[list[int]] = []
    for n in pieces:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return tuple(
        [Span(clauses.pieces[low].span.start, clauses.pieces[high].span.stop) for low, high in runs]
    )


def _event(view: View) -> Event:
    if view.kind is ClauseKind.NOMINAL:
        return Event(None, "", -1, ())
    word = view.tree.words[view.event]
    archetype, members = archetype_of(word.lemma.lower())
    return Event(word, word.lemma, archetype, members)
