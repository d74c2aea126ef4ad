"""The house itself: its folders hide no other package, and its files are of no one machine."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A longer file is a vocabulary, a corpus or a recording, not something that a person wrote.
LONGEST_TEXT = 256 * 1024

FOREIGN = re.compile(
    r"(?<![\w.~-])/(?:root|home|Users|work|tmp)[/]"
    r"|\b(?:pypi[.]org|pythonhosted[.]org|npmjs[.](?:com|org)|deb[.]debian[.]org|crates[.]io)\b"
)


def hidden_by(folder: Path, package: str) -> str | None:
    """The file that `import package` runs from `folder`, if it is not an installed one."""
    script = (
        "import importlib.util as util\n"
        f"spec = util.find_spec({package!r})\n"
        "print(spec.origin if spec and spec.origin else '')"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=folder
    )
    origin = output.stdout.strip()
    installed = origin.startswith(sysconfig.get_path("purelib"))
    return None if not origin or installed else origin


def foreign_lines(text: str) -> list[str]:
    """The lines of `text` that name a path of one machine or the host of a package registry."""
    return [line.strip() for line in text.splitlines() if FOREIGN.search(line)]


def kept_files() -> list[Path]:
    """The files of the repository: what git tracks, and what it would if asked to add all."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.stat().st_size <= LONGEST_TEXT]


@pytest.mark.parametrize("package", ["kernels", "corpora"])
def test_folders_do_not_shadow_packages(package: str) -> None:
    assert hidden_by(ROOT, package) is None


def test_the_shadow_test_can_fail(tmp_path: Path) -> None:
    (tmp_path / "kernels").mkdir()
    assert hidden_by(tmp_path, "kernels") is None
    (tmp_path / "kernels" / "__init__.py").touch()
    assert hidden_by(tmp_path, "kernels") == str(tmp_path / "kernels" / "__init__.py")


@pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="only git knows which files of this folder are kept"
)
def test_no_file_names_a_machine_or_a_registry() -> None:
    files = kept_files()
    assert ROOT / "pyproject.toml" in files
    found = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if (lines := foreign_lines(path.read_text("utf-8", errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "open('{}home/ann/a.txt')",
        "cd {}tmp/x",
        "file:{0}{0}{0}root/.cache",
        "--index-url https:{0}{0}pypi{1}org{0}simple",
        '"resolved": "https:{0}{0}registry.npmjs{1}org{0}a"',
    ],
)
def test_the_machine_test_can_fail(line: str) -> None:
    line = line.format("/", ".")
    assert foreign_lines(f"a line\n{line}\n") == [line]


def test_relative_paths_and_links_are_of_no_machine() -> None:
    for line in ("--data ../shared/work/x", "https://example.org/home/", "framework/tmp/"):
        assert foreign_lines(line) == []
