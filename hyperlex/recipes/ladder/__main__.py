"""The learned data of the ladder: lexicon, forms and stops, classes of lexemes, government.

    OMP_NUM_THREADS=1 python -m hyperlex.recipes.ladder --data ../shared/data

Reads a sample of the corpora with the analyzer (most of the time; what it found is kept in WORK for
the next run), then counts, and learns which forms and stops to expect. About an hour on two idle
cores; the same corpora give the same bytes. Writes `hyperlex/artifacts/ladder`, and the size of
the scene range into the config of the embedded tokenizer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from hyperlex.codebook.corpus import text_files
from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory, atomic_write_text
from hyperlex.ladder.files import EMBEDDED, save_lexicon
from hyperlex.ladder.lexicon import Lexicon
from hyperlex.ladder.outline import Item, Outline
from hyperlex.recipes.archetypes import sample
from hyperlex.recipes.ladder import classes, government
from hyperlex.recipes.ladder.expected import Cost, FormConfig, learn_forms, read_lessons
from hyperlex.recipes.ladder.lexicon import LexiconConfig, learn_lexicon
from hyperlex.recipes.ladder.observations import read_observations, write_observations
from hyperlex.recipes.ladder.stops import StopConfig, learn_stops
from hyperlex.tokenizer.load import CONFIG_FILE, load
from hyperlex.tokenizer.load import EMBEDDED as TOKENIZER

CHARACTERS = 32_000_000
"""Code points of the sample, shared out equally among the domains as far as they have them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("build/ladder"))
    options = parser.parse_args()
    corpora = options.data / "corpora"
    if not corpora.is_dir():
        raise ConfigError(f"{corpora} does not exist: the folder of corpora was expected there.")
    console = Console()
    observed = options.work / "observations.jsonl.gz"
    if not observed.is_file():
        console.print(f"reading {CHARACTERS:,} characters into {observed}")
        options.work.mkdir(parents=True, exist_ok=True)
        write_observations(observed, sample(corpora, CHARACTERS))
    config, forms, stops = LexiconConfig(), FormConfig(), StopConfig()
    lexicon = learn_lexicon(read_observations(observed), config)
    console.print(
        f"{len(lexicon.frames):,} frames, {len(lexicon.lexemes):,} lexemes, "
        f"{len(lexicon.pairs):,} hyperlexemes: {lexicon.size:,} ids"
    )
    known = frozenset(lexicon.lexemes)
    lessons_of_forms = read_lessons(sample(corpora, forms.characters), _cost(), known, forms)
    lexicon.expected = learn_forms(lessons_of_forms, forms, console.print)
    lexicon.stops = learn_stops(sample(corpora, stops.characters), stops)
    with atomic_directory(EMBEDDED) as staged:
        save_lexicon(lexicon, staged)
        alike = classes.learn_classes(read_observations(observed), lexicon)
        classes.save(alike, staged)
        government.save(government.learn(lessons(observed)), staged)
        (staged / "CARD.md").write_text(
            card(lexicon, (config, forms, stops), len(alike.all), corpora), encoding="utf-8"
        )
    state_size(lexicon.size)


def lessons(observed: Path) -> list[government.Scene]:
    """Every third scene without a literal: how a number governs is a rule of the realiser."""
    return [
        (
            Outline(scene.frame, tuple(Item(o.lexeme, o.slot) for o in scene.items if o.lexeme)),
            tuple(o.spelling for o in scene.items),
        )
        for number, scene in enumerate(read_observations(observed))
        if number % 3 == 0 and all(o.lexeme for o in scene.items)
    ]


def state_size(size: int) -> None:
    """Write the size of the scene range into the config of the embedded tokenizer."""
    path = TOKENIZER / CONFIG_FILE
    config = json.loads(path.read_text("utf-8"))
    config["layout"]["scene_size"] = size
    atomic_write_text(path, json.dumps(config, ensure_ascii=False, indent=2) + "\n")


def _cost() -> Cost:
    """How many ids the embedded tokenizer takes for a word in running text."""
    tokenizer = load()
    return lambda word: len(tokenizer.encode(f" {word}"))


def card(
    lexicon: Lexicon,
    configs: tuple[LexiconConfig, FormConfig, StopConfig],
    alike: int,
    corpora: Path,
) -> str:
    """The card: what was learned from what."""
    sources = "\n".join(
        f"| {path.relative_to(corpora)} | `{hashlib.sha256(path.read_bytes()).hexdigest()}` |"
        for path in text_files(corpora)
    )
    lexicon_config, forms, stops = configs
    settings = "\n".join(
        f"| {part} | {name} | {value:,} |"
        for part, values in (
            ("lexicon", asdict(lexicon_config)),
            ("forms", asdict(forms)),
            ("stops", asdict(stops)),
        )
        for name, value in values.items()
    )
    return f"""# The ladder's lexicon and table of government

Learned by `python -m hyperlex.recipes.ladder` from a sample of {CHARACTERS:,} characters of the
corpora below, domains as equal as they allow; the models of forms and of stops from samples of
their own. What ships are counts, weights and lists of lemmas, no text.

| part | number |
|---|---|
| forms | {len(lexicon.forms):,} |
| frames | {len(lexicon.frames):,} |
| lexemes | {len(lexicon.lexemes):,} |
| hyperlexemes | {len(lexicon.pairs):,} |
| all scene ids | {lexicon.size:,} |
| facts of the model of forms, which have no ids | {len(lexicon.expected.facts):,} |
| facts of the model of stops, which have no ids | {len(lexicon.stops.facts):,} |
| classes of lexemes, which have no ids | {alike:,} |

`lexicon.safetensors` is read by the library, `lexicon.tsv.gz` is the same for eyes. A code keeps
its meaning for as long as the sha256 of the file is the same.

| part | setting | value |
|---|---|---|
{settings}

| source | sha256 |
|---|---|
{sources}
"""


if __name__ == "__main__":
    main()
