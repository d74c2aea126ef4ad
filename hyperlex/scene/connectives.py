"""What ties a scene to the one before it: rules as data.

The first kind of tie found on the predicate is taken: a subordinating word, a coordinating one, a
relative word, or an adverb that begins the clause.
"""

from __future__ import annotations

from typing import NamedTuple


class Connective(NamedTuple):
    """A link class, the phrases that show it, separated by commas, and an example with `|`."""

    link: str
    phrases: str
    example: str


CONNECTIVES: tuple[Connective, ...] = (
    Connective(
        "and",
        "и,да и,а также,также,тоже,причём,притом,при этом,кроме того,к тому же",
        "Он встал| и вышел.",
    ),
    Connective(
        "but",
        "но,а,однако,зато,же,а не,не только,впрочем,тем не менее,напротив,да,всё же,"
        "все же,все-таки,всё-таки",
        "Он ждал,| но она молчала.",
    ),
    Connective("or", "или,либо,то ли,не то,иначе,а то", "Он спит| или читает."),
    Connective(
        "because",
        "потому что,так как,поскольку,ибо,оттого что,из-за того что,потому как,"
        "благодаря тому что,ведь,в связи с тем что,ввиду того что",
        "Он ушёл,| потому что стемнело.",
    ),
    Connective(
        "if",
        "если,если бы,ежели,коли,раз,если только,в случае если,кабы",
        "Он придёт,| если сможет.",
    ),
    Connective(
        "when",
        "когда,пока,едва,как только,лишь только,после того как,прежде чем,перед тем как,"
        "до того как,с тех пор как,в то время как,по мере того как,покуда,тогда,потом,затем,"
        "лишь,только,чуть,сначала,наконец,тем временем",
        "Он ушёл,| когда стемнело.",
    ),
    Connective(
        "so",
        "чтобы,чтоб,дабы,поэтому,так что,потому,следовательно,значит,итак,для того чтобы,"
        "с тем чтобы,таким образом,оттого,стало быть,в результате",
        "Он встал,| чтобы уйти.",
    ),
    Connective("that", "что,будто,ли,якобы", "Он знал,| что дверь закрыта."),
    Connective("though", "хотя,хоть,несмотря на то что,невзирая на то что", "Он шёл,| хотя устал."),
    Connective(
        "like",
        "как,словно,точно,как будто,будто бы,чем,нежели,подобно тому как,как если бы",
        "Он молчал,| словно не слышал.",
    ),
)

LINKS: dict[str, str] = {
    phrase: rule.link for rule in CONNECTIVES for phrase in rule.phrases.split(",")
}

_OPENING = (
    "и,а,но,да,или,либо,однако,зато,поэтому,потому,следовательно,значит,итак,впрочем,также,тогда,"
    "тем не менее,напротив,потом,затем,сначала,наконец,тем временем,кроме того,причём,к тому же,"
    "при этом,таким образом,иначе,ведь,притом,стало быть,в результате,всё же,все же,всё-таки,"
    "все-таки,а также,а не"
)
OPENING = frozenset(_OPENING.split(","))
"""Those that also tie where the tree hangs them on something else, if the scene begins with
them.
"""

CORRELATES = {
    ("того", "как"): "when",
    ("пор", "как"): "when",
    ("перед", "как"): "when",
    ("потому", "что"): "because",
    ("оттого", "что"): "because",
    ("так", "что"): "so",
}
"""A word of the host and the mark after it that only together say what the tie is: «после того, как
ушёл», «потому, что стемнело».
"""

_RELATIVES = "который какой чей кто что где куда откуда когда как каков почему зачем сколько"
RELATIVES = frozenset(_RELATIVES.split())
"""Lemmas that open relative clauses («который вошёл») and indirect questions («где он»)."""
