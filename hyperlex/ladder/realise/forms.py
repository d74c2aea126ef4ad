"""The forms of a lexeme: its paradigm in the dictionary, by keys that the sentence asks with.

Keys: of nouns case and number (`GenPlur`); of adjectives, determiners and participles case and
gender or `Plur`, with `!` in the accusative of what lives (`AccMasc!`); of finite verbs person and
number (`3Sing`), gender or `Plur` in the past, `!Sing`, `!Plur` and `!we` in the imperative; of
short forms gender or `Plur`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.reading import carries_content
from hyperlex.word.dictionary import dictionary

CASES = {
    "nomn": "Nom", "gent": "Gen", "datv": "Dat", "accs": "Acc", "ablt": "Ins", "loct": "Loc",
    "gen1": "Gen", "acc1": "Acc", "loc1": "Loc", "loc2": "Place",
}  # fmt: skip
"""Cases of OpenCorpora by those of Universal Dependencies; `Place` is the locative of «в лесу»."""

GENDERS = {"masc": "Masc", "femn": "Fem", "neut": "Neut"}

PARTICIPLES = ("actv pres", "actv past", "pssv pres", "pssv past")
"""Kinds of participles; full ones are of the kind that their verb is most often met in."""

# Doublets that the everyday form is preferred to.
_MARKED = frozenset(
    (
        *("V-oy", "V-ey", "V-ie", "V-be", "V-en", "V-sh", "V-bi", "V-ej", "Cmp2"),
        *("Arch", "Infr", "Slng", "Dist", "Erro", "Abbr", "Litr", "Fimp"),
    )
)
# What to look a kind up as, the best first.
_POS: Mapping[str, tuple[str, ...]] = {
    "N": ("NOUN", "NPRO", "ADJF", "PRTF", "NUMR"),
    "P": ("NOUN", "ADJF"),
    "V": ("INFN", "VERB"),
    "I": ("INFN",),
    "G": ("INFN", "GRND"),
    "T": ("INFN", "PRTF", "ADJF"),
    "A": ("ADJF", "PRTF"),
    "S": ("ADJF", "INFN", "ADJS", "PRTS"),
    "C": ("ADJF", "ADJS"),
    "D": ("ADJF", "NPRO", "NUMR", "NOUN"),
    "M": ("NUMR", "ADJF", "NOUN"),
}
# Forms that the dictionary does not put first.
_IRREGULAR = {"год": {"GenPlur": "лет"}, "давать": {"!we": "давайте"}}
# Comparatives that the dictionary files under a lemma of their own.
_COMPARATIVES = {
    "высокий": "выше", "низкий": "ниже", "плохой": "хуже", "малый": "меньше",
    "маленький": "меньше", "большой": "больше", "хороший": "лучше", "ранний": "раньше",
    "поздний": "позже", "далекий": "дальше", "глубокий": "глубже", "старый": "старше",
    "молодой": "моложе", "легкий": "легче",
}  # fmt: skip


class Forms:
    """A lexeme as the sentence needs it.

    Attributes:
        lemma: the spelling to write where nothing else is known.
        kind: of the lexeme.
        table: forms by key, those that the dictionary has.
        known: the form that was found for each key asked for.
        gender: of a noun, "" where the dictionary has none.
        animate: whether its accusative is its genitive in the plural.
        only: `Plur` of «ножницы», `Sing` of what has no plural, or "".
        nominal: whether it declines as a noun does, by case and number alone.
        participle: which kind of participle it is, one of `PARTICIPLES`, or "".
        perfective: whether its present is a future.
        transitive: of a verb `t` or `i`, as the dictionary has it; "" of all else.
        trait: what the learned table knows the word by.
        roles: what the learned table calls it in each of its places; the table's to fill.
    """

    __slots__ = (
        "animate", "gender", "kind", "known", "lemma", "nominal", "only", "participle",
        "perfective", "roles", "table", "trait", "transitive",
    )  # fmt: skip

    def __init__(self, lexeme: Lexeme, participle: str = "") -> None:
        self.lemma = lexeme.lemma
        self.kind = lexeme.kind
        self.table: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self.gender = self.only = self.participle = self.transitive = ""
        self.animate = self.perfective = False
        self.nominal = lexeme.kind in "NP"
        self.trait = f"{lexeme.lemma.lower()}/{lexeme.kind}"
        self.roles: Any = None
        if lexeme.kind in _POS and lexeme.lemma:
            self._look_up(participle)

    def form(self, key: str) -> str:
        """The form of a key, or the nearest one that there is.

        A form that is a function word when read by itself, as «то» of «тот», is not taken where
        the paradigm has another: the word must still be seen.
        """
        form = self.known.get(key)
        if form is None:
            form = self.known[key] = self._nearest(key)
        return form

    def _nearest(self, key: str) -> str:
        first = ""
        for other in (key, *_neighbours(key), ""):
            form = self.table.get(other)
            if form is not None:
                if carries_content(form.lower()):
                    return form
                first = first or form
        return first or self.lemma

    def _look_up(self, participle: str) -> None:
        surname = _surname(self.lemma) if self.kind == "P" else None
        if surname is not None:
            self._decline_as(*surname)
            return
        parse = _parse(self.lemma, self.kind)
        if parse is None:
            return
        tag = parse.tag
        self.perfective = "perf" in tag
        self.animate = "anim" in tag
        self.transitive = "t" if "tran" in tag else "i" if "intr" in tag else ""
        pos = str(tag.POS)
        if self.kind in "NP":
            self.nominal = pos in ("NOUN", "NPRO", "NUMR")
            if self.nominal:
                self._fill_nominal(parse)
            else:
                self._fill_adjective(parse, pos)
                self.gender = GENDERS.get(str(tag.gender), "Masc")
        elif self.kind == "V":
            self._fill_verb(parse)
        elif self.kind == "I":
            self.table[""] = parse.normal_form
        elif self.kind in "GC":
            wanted = "GRND" if self.kind == "G" else "COMP"
            self._fill_single(parse, wanted)
        elif self.kind == "S":
            self._fill_short(parse, "PRTS" if pos in ("INFN", "PRTS") else "ADJS")
        elif self.kind == "T" and pos == "INFN":
            self._fill_participle(parse, participle)
        elif pos == "ADJF":
            self._fill_adjective(parse, pos)
        elif pos == "PRTF":
            self._fill_adjective(parse, pos, frozenset((str(tag.voice), str(tag.tense))))
        else:
            self.nominal = True
            self._fill_nominal(parse)
        self.table.update(_IRREGULAR.get(self.lemma, {}) if self.kind in "NV" else {})
        self._dress()

    def _decline_as(self, stem: str, model: Any) -> None:
        self.animate = True
        self._fill_nominal(model)
        cut = next(len(name) - len(end) for end, name in _SURNAMES if name == model.word)
        self.table = {key: stem + form[cut:] for key, form in self.table.items()}
        self._dress()

    def _fill_nominal(self, parse: Any) -> None:
        tag = parse.tag
        gender = tag.gender
        self.gender = GENDERS.get(str(gender), "")
        if "Pltm" in tag or tag.number == "plur":
            self.only = "Plur"
        fixed = "Fixd" in tag
        self.table[""] = parse.word
        if fixed:
            return
        for word, of in _plain(parse):
            if of.POS != tag.POS or (of.number == "sing" and of.gender != gender):
                continue
            if of.POS == "NUMR" and of.gender:
                self.table.setdefault(CASES[str(of.case)] + GENDERS[str(of.gender)], word)
            case = CASES.get(str(of.case))
            if case and not (self.only and of.number == "sing"):
                number = "Plur" if of.number == "plur" else "Sing"
                self.table.setdefault(case + number, word)
        if not self.only and not any(key.endswith("Plur") for key in self.table):
            self.only = "Sing"

    def _fill_adjective(self, parse: Any, pos: str, need: frozenset[str] = frozenset()) -> None:
        self.table[""] = parse.word
        degree = "Supr" in parse.tag
        for word, of in _plain(parse):
            if pos != of.POS or not need <= of.grammemes or ("Supr" in of) != degree:
                continue
            if degree and word[:4] != parse.word[:4]:
                continue
            case = CASES.get(str(of.case))
            if case:
                column = "Plur" if of.number == "plur" else GENDERS.get(str(of.gender), "Masc")
                living = "!" if "anim" in of else ""
                self.table.setdefault(case + column + living, word)

    def _fill_participle(self, parse: Any, participle: str) -> None:
        lexeme = list(_plain(parse))
        has = {f"{of.voice} {of.tense}" for _, of in lexeme if of.POS == "PRTF"}
        for choice in (participle, *_usual_participles(parse.tag)):
            if choice in has:
                self.participle = choice
                self._fill_adjective(parse, "PRTF", frozenset(choice.split()))
                self.table[""] = self.table.get("NomMasc", parse.word)
                return

    def _fill_verb(self, parse: Any) -> None:
        self.table[""] = parse.normal_form
        for word, of in _plain(parse):
            if of.POS != "VERB":
                continue
            number = "Plur" if of.number == "plur" else "Sing"
            if of.mood == "impr":
                key = "!we" if of.involvement == "incl" else "!" + number
            elif of.tense == "past":
                key = "Plur" if of.number == "plur" else GENDERS[str(of.gender)]
            else:
                key = (str(of.person)[0] if of.person else "3") + number
                if self.lemma == "быть" and of.tense == "pres":
                    key = "now" + key
            self.table.setdefault(key, word)

    def _fill_short(self, parse: Any, pos: str) -> None:
        self.table[""] = parse.word
        self.participle = "pssv past" if pos == "PRTS" else ""
        for word, of in _plain(parse):
            if pos == of.POS and (pos == "ADJS" or of.tense == "past" or not self.perfective):
                key = "Plur" if of.number == "plur" else GENDERS.get(str(of.gender), "Masc")
                if pos == "PRTS" and of.tense == "past":
                    self.table[key] = word
                self.table.setdefault(key, word)
        self.table[""] = self.table.get("Neut", parse.word)

    def _fill_single(self, parse: Any, pos: str) -> None:
        self.table[""] = parse.word
        fit = [(word, of) for word, of in _plain(parse) if pos == of.POS]
        tense = "past" if self.perfective else "pres"
        fit.sort(key=lambda pair: str(pair[1].tense) != tense)
        if fit:
            self.table[""] = fit[0][0]
        elif pos == "COMP":
            self.table[""] = _COMPARATIVES.get(self.lemma, self.lemma)

    def _dress(self) -> None:
        """Gives names their capitals back."""
        if self.kind == "P" and self.lemma != self.lemma.lower():
            self.table = {key: _as_in(form, self.lemma) for key, form in self.table.items()}


NUMBER = "#"
"""The kind that a literal of digits passes for; other literals pass for `L`."""

_CONSONANTS = "бвгджзйклмнпрстфхцчшщ"
_DIGITS = re.compile(r"\d+(?:[.,:/–-]\d+)*%?")


@lru_cache(maxsize=1 << 16)
def of_literal(text: str) -> Forms:
    """A literal as the sentence needs it: a number by what it asks of the noun after it."""
    number = _DIGITS.fullmatch(text)
    forms = Forms(Lexeme(text, NUMBER if number else "L"))
    if number is None:
        first = text[:1]
        sort = "latin" if first.isascii() else "name" if first.isupper() else "text"
    elif not text.isdigit():
        sort = "fraction"
    elif len(text) == 4 and text[0] in "12":
        sort = "year"
    else:
        ones, teens = int(text[-1]), text[-2:-1] == "1"
        sort = "many" if teens or ones > 4 or ones == 0 else "one" if ones == 1 else "few"
    forms.trait = f"<{sort}>/{forms.kind}"
    return forms


@lru_cache(maxsize=1 << 10)
def _neighbours(key: str) -> tuple[str, ...]:
    """Keys to try for one that a paradigm lacks, the nearest first."""
    bare = key.rstrip("!")
    out = [bare]
    case, column = bare[:-4], bare[-4:]
    if bare.startswith("Place"):
        out += ["Loc" + bare[5:], "LocSing"]
    if column in ("Sing", "Plur", "Masc", "Neut") or bare.endswith("Fem"):
        if bare.endswith("Fem"):
            case, column = bare[:-3], "Fem"
        out += [case + other for other in ("Sing", "Plur", "Masc", "Fem", "Neut")]
        if case == "Acc":
            out += ["Nom" + column, "Gen" + column, "NomSing", "NomPlur", "NomMasc"]
        out += ["NomSing", "NomPlur", "NomMasc", "GenSing", "GenPlur", "GenMasc"]
    if bare in ("Masc", "Fem", "Neut", "Plur"):
        out += ["Masc", "Fem", "Neut", "Plur", "3Sing"]
    if bare[:1].isdigit():
        out += ["3" + bare[1:], "3Sing", "3Plur", "Masc"]
    if bare.startswith("!"):
        out += ["1Plur"] if bare == "!we" else ["!Sing", "!Plur", "2Sing"]
    return tuple(out)


def _plain(parse: Any) -> Iterable[tuple[str, Any]]:
    """The forms of a paradigm with their tags, everyday forms first."""
    forms = [(form.word, form.tag) for form in parse.lexeme]
    forms.sort(key=lambda pair: not _MARKED.isdisjoint(pair[1].grammemes))
    return forms


def _usual_participles(tag: Any) -> tuple[str, ...]:
    if "perf" in tag:
        return ("pssv past", "actv past") if "tran" in tag else ("actv past", "pssv past")
    return PARTICIPLES


def _parse(lemma: str, kind: str) -> Any | None:
    """The reading of a lemma that fits its kind best, or None.

    Of two aspects the imperfective is taken, of two verbs the transitive one: they have the more
    forms.
    """
    if not any("а" <= c <= "я" or c == "ё" for c in lemma.lower()):
        return None
    if kind == "P" and len(lemma) > 1 and lemma.isupper():
        return None
    spelled = lemma.lower().replace("ё", "е")
    order = _POS[kind]
    best, rank = None, (9, 9, 9, 9, 9.0)
    for parse in dictionary().parse(lemma.lower()):
        pos = str(parse.tag.POS)
        if pos not in order:
            continue
        same = parse.word.replace("ё", "е") == spelled
        own = parse.normal_form.replace("ё", "е") == spelled
        case = parse.tag.case
        base = case is None or case == "nomn"
        if pos in ("NOUN", "NPRO", "NUMR", "ADJF", "PRTF") and not base:
            continue
        this = (
            order.index(pos),
            int((kind == "P") != _is_name(parse.tag)),  # «пол» is a floor, and Paul is «Пол»
            0 if own else 1 if same else 2,
            ("Fixd" in parse.tag and spelled[-1] in _CONSONANTS)
            + 2 * ("perf" in parse.tag)
            + ("intr" in parse.tag),
            -round(float(parse.score), 4),
        )
        if this < rank:
            best, rank = parse, this
    return best


# Endings of surnames, each with a surname that is in the dictionary and declines so.
_SURNAMES = (
    ("ова", "иванова"), ("ева", "сергеева"), ("ина", "пушкина"),
    ("ов", "иванов"), ("ев", "сергеев"), ("ин", "пушкин"),
)  # fmt: skip


def _surname(lemma: str) -> tuple[str, Any] | None:
    """For a surname that the dictionary lacks: its stem, and the reading of one that declines so.

    `Триродов` is read as `Иванов` is, with the stem `Трирод` for `Иван`.
    """
    lower = lemma.lower()
    if dictionary().word_is_known(lower):
        return None
    for ending, model in _SURNAMES:
        if lower.endswith(ending) and len(lower) > len(ending) + 1:
            for parse in dictionary().parse(model):
                if "Surn" in parse.tag and parse.tag.case == "nomn":
                    return lower[: -len(ending)], parse
    return None


def _is_name(tag: Any) -> bool:
    return any(mark in tag for mark in ("Name", "Surn", "Patr", "Geox", "Orgn", "Trad"))


def _as_in(form: str, lemma: str) -> str:
    """`form` with the capitals of `lemma`, part by part at hyphens."""
    parts, models = form.split("-"), lemma.split("-")
    if len(parts) != len(models):
        return form[:1].upper() + form[1:] if lemma[:1].isupper() else form
    dressed = (
        part[:1].upper() + part[1:] if model[:1].isupper() else part
        for part, model in zip(parts, models, strict=True)
    )
    return "-".join(dressed)
