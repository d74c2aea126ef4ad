"""One scene while it is being made: what the facets look at."""

from __future__ import annotations

from hyperlex.scene.boundary import Cut
from hyperlex.scene.lexicon import IMPERSONAL
from hyperlex.scene.operators import (
    BY_LEMMA,
    DEGREE,
    INVITATIONS,
    INVITING,
    LIGHT,
    SUBJUNCTIVES,
    Operator,
)
from hyperlex.scene.scene import ClauseKind
from hyperlex.scene.tree import NOWHERE, Tree


class Marks:
    """What is found once for a whole sentence.

    Attributes:
        negated: the places that a «не» denies.
        almost: the places of «не» in «едва не», «чуть не», by the place they bear on.
        asked: clause heads that a question mark closes.
        exclaimed: clause heads that an exclamation mark closes.
        weakened: the places of adverbs of degree after a «не»: «не очень», «не совсем».
    """

    __slots__ = ("almost", "asked", "exclaimed", "negated", "weakened")

    def __init__(self, tree: Tree, cut: Cut) -> None:
        self.negated: dict[int, int] = {}
        self.almost: dict[int, int] = {}
        self.asked: set[int] = set()
        self.exclaimed: set[int] = set()
        self.weakened: set[int] = set()
        lower = tree.lower
        if "не" in lower:
            self._find_negations(tree)
        for place, text in enumerate(lower):
            if tree.words[place].upos == "PUNCT" and ("?" in text or "!" in text):
                if place and lower[place - 1] == text:
                    continue
                self._close(tree, cut, place, text)

    def _find_negations(self, tree: Tree) -> None:
        content, lower = tree.content, tree.lower
        for n, place in enumerate(content):
            if lower[place] != "не":
                continue
            after = n + 1
            while after < len(content) - 1 and (
                lower[content[after]] in ("бы", "б", "же", "ли")
                or (tree.words[content[after]].upos == "ADV" and lower[content[after]] in DEGREE)
            ):
                self.weakened.add(content[after])
                after += 1
            target = content[after] if after < len(content) else NOWHERE
            if _is_almost(tree, content, n):
                self.almost[target] = place
            elif target != NOWHERE:
                self.negated[target] = place

    def _close(self, tree: Tree, cut: Cut, place: int, text: str) -> None:
        before = place - 1
        while before >= 0 and tree.words[before].upos == "PUNCT":
            before -= 1
        if before < 0:
            return
        owner = cut.of_word[before]
        closed = {owner}
        seen = {owner}  # hosts of a bad parse may form a ring
        # A mark closes the main clause of what stands before it; an author's word after it does not
        # ask: «— Кто там? — спросил он.»
        while (host := cut.host.get(owner, NOWHERE)) != NOWHERE and host not in seen:
            relation = tree.bases[owner]
            if host > place or relation == "parataxis":
                break
            if relation != "conj":
                closed.clear()
            owner = host
            closed.add(owner)
            seen.add(owner)
        if "?" in text:
            self.asked |= closed
            for other, host in cut.host.items():
                if host in closed and tree.bases[other] == "conj" and other < place:
                    self.asked.add(other)
        if "!" in text:
            self.exclaimed |= closed


_ALMOST = frozenset(["едва", "чуть", "чуть-чуть"])


def _is_almost(tree: Tree, content: list[int], negation: int) -> bool:
    """Whether «чуть», «едва» stand before a «не», only nouns between: «чуть в обморок не упала»."""
    for place in reversed(content[max(0, negation - 3) : negation]):
        if tree.lower[place] in _ALMOST:
            return True
        if tree.words[place].upos not in ("NOUN", "PRON", "ADP", "PROPN") and tree.lower[
            place
        ] not in ("ли", "было"):
            return False
    return False


class View:
    """One scene: its main clause, the chain of operators down to its event, its words.

    Attributes:
        head: the place of the main clause's head.
        kind: of the main clause.
        members: heads of the clauses that joined it, with their kinds; the main clause not
        included. operators: the operators met on the way down, with their places.
        event: the place of the word that names the event.
        chain: the places of the operators and of the event.
        places: of all its words.
    """

    __slots__ = (
        "chain",
        "cut",
        "dative",
        "event",
        "head",
        "kind",
        "marks",
        "members",
        "operators",
        "places",
        "tree",
    )

    def __init__(
        self,
        tree: Tree,
        cut: Cut,
        marks: Marks,
        head: int,
        kind: ClauseKind,
        members: list[tuple[int, ClauseKind]],
        places: list[int],
    ) -> None:
        self.tree, self.cut, self.marks = tree, cut, marks
        self.head, self.kind, self.members, self.places = head, kind, members, places
        self.operators, self.event = descend(tree, head)
        self.chain = [place for place, _ in self.operators]
        if self.event not in self.chain:
            self.chain.append(self.event)
        self.dative = self._takes_dative()

    def _takes_dative(self) -> bool:
        """Whether the one whose state it is stands in the dative: «ему нужно», «мне холодно»."""
        if self.tree.has(self.head, "nsubj"):
            return False
        if self.kind in (ClauseKind.PREDICATIVE, ClauseKind.INFINITIVE):
            return True
        word = self.tree.words[self.head]
        if self.kind is ClauseKind.NOMINAL:  # «отцу семьдесят», «маме сорок лет»
            return word.upos == "NUM" or self.tree.has(self.head, "nummod")
        return word.lemma.lower() in IMPERSONAL

    def has_dative(self) -> bool:
        """Whether a bare dative stands beside an operator or the event: «Мне завтра вставать.»"""
        tree = self.tree
        return any(
            "Case=Dat" in tree.words[child].feats
            and tree.bases[child] in ("iobj", "obl", "nsubj")
            and not tree.preposition(child)
            for place in self.chain
            for child in tree.children[place]
        )

    @property
    def lacks(self) -> bool:
        """Whether a pronoun cut in two denies that there is anybody: «не с кем говорить»."""
        tree = self.tree
        return self.kind is ClauseKind.INFINITIVE and any(
            tree.words[child].lemma.lower() in ("кто", "что")
            and tree.preposition(child) != ""
            and any(tree.lower[below] == "не" for below in tree.children[child])
            for child in tree.children[self.head]
        )


def descend(tree: Tree, head: int) -> tuple[list[tuple[int, Operator]], int]:
    """The operators from `head` down, and the place of the event under them."""
    operators: list[tuple[int, Operator]] = []
    place = head
    light, below = _light(tree, place)
    if light is not None:
        return [(place, light)], below
    while (rows := _rows(tree, place)) is not None:
        below = _infinitive(tree, place)
        row = next((row for row in rows if row.alone or below != NOWHERE), None)
        if row is None or (below == NOWHERE and tree.bases[place] == "parataxis"):
            break
        if row.value == "dare" and below == NOWHERE and _has_inanimate_subject(tree, place):
            break  # «вопрос решается голосованием»
        operators.append((place, row))
        if below == NOWHERE:
            break
        place = below
    if not operators:
        # A parser may hang «надо», «можно» below their infinitive.
        for child in tree.children[place]:
            if tree.bases[child] in ("advmod", "aux", "cop", "discourse"):
                for row in BY_LEMMA.get(tree.words[child].lemma.lower(), ()):
                    if "VerbForm=Inf" in tree.words[place].feats or row.facet == "phase":
                        operators.append((child, row))
                        break
    return operators, place


def _has_purpose(tree: Tree, place: int) -> bool:
    return any(
        tree.bases[child] == "mark" and tree.lower[child] in SUBJUNCTIVES
        for child in tree.children[place]
    )


def _becomes(tree: Tree, place: int, child: int) -> bool:
    """«Мне стало стыдно»: nobody becomes anything, a state begins."""
    word = tree.words[child]
    return (
        tree.words[place].lemma in ("стать", "становиться")
        and tree.bases[child] == "xcomp"
        and (word.upos == "ADV" or "Variant=Short" in word.feats)
        and not tree.has(place, "nsubj")
    )


def _rows(tree: Tree, place: int) -> tuple[Operator, ...] | None:
    return BY_LEMMA.get(tree.lower[place]) or BY_LEMMA.get(tree.words[place].lemma.lower())


def _has_inanimate_subject(tree: Tree, place: int) -> bool:
    return any(
        tree.bases[child] == "nsubj" and "Animacy=Inan" in tree.words[child].feats
        for child in tree.children[place]
    )


def _light(tree: Tree, place: int) -> tuple[Operator | None, int]:
    """An empty verb with its noun and the infinitive under that noun, or an invitation and the verb
    that it invites to («давай поговорим»).
    """
    if tree.lower[place] in INVITATIONS:
        for child in tree.children[place]:
            if "Person=1" in tree.words[child].feats or "VerbForm=Inf" in tree.words[child].feats:
                return INVITING, child
    verb = tree.words[place].lemma
    if verb == "иметь":
        for child in tree.children[place]:
            operator = LIGHT.get((verb, tree.words[child].lemma))
            if operator is not None and tree.bases[child] == "obj":
                for below in (*tree.children[child], *tree.children[place]):
                    if "VerbForm=Inf" in tree.words[below].feats:
                        return operator, below
                return operator, place
    return None, place


def _infinitive(tree: Tree, place: int) -> int:
    for child in tree.children[place]:
        if tree.bases[child] in ("xcomp", "csubj", "ccomp", "nsubj", "obj", "advcl"):
            if "VerbForm=Inf" in tree.words[child].feats:
                if not _has_purpose(tree, child):  # «чтобы поступить, надо сдать»
                    return child
            elif _becomes(tree, place, child) or (
                tree.bases[child] in ("xcomp", "csubj")
                and any(
                    tree.bases[c] in ("cop", "aux") and "VerbForm=Inf" in tree.words[c].feats
                    for c in tree.children[child]
                )
            ):
                return child
    return NOWHERE
