"""What the documents say is true: their commands and snippets run, and the files they name are there.

A block after the comment "slow" runs only with CEMENTFLOW_SLOW=1 or CI=true, one after "ci" is run by `.ci/run`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from command import COMMAND, ENVIRONMENT

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
SLOW = "1" in os.environ.get("CEMENTFLOW_SLOW", "") or os.environ.get("CI", "").lower() == "true"
BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>\w+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)")
# Paths in code spans; what has a placeholder in it or is made by a run is not looked for.
PATH = re.compile(r"`((?:src|docs|tests|meshes|benchmarks|\.ci)/[\w./-]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block, with the comment before it."""

    mark: str
    language: str
    text: str


def blocks(text: str) -> list[Block]:
    return [Block(m["mark"] or "", m["language"], m["text"]) for m in BLOCK.finditer(text)]


def commands(text: str) -> list[str]:
    return [
        line for block in blocks(text) if block.language == "bash" for line in block.text.splitlines() if line
    ]


def missing_files(document: Path) -> list[str]:
    text = document.read_text(encoding="utf-8")
    links = [name for name in LINK.findall(text) if not (document.parent / name).exists()]
    return links + [name for name in PATH.findall(text) if not (ROOT / name).exists()]


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """Folder with a `cementflow` command that runs the package under test."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "cementflow"
    script.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    script.chmod(0o755)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_commands_and_snippets_run(document: Path, tmp_path: Path, bin_folder: Path) -> None:
    """In their order and in one folder, in which the first whole case of the document is `l3.toml`."""
    found = blocks(document.read_text(encoding="utf-8"))
    cases = [
        b.text for b in found if b.language == "toml" and "[geometry]" in b.text and "[injection]" in b.text
    ]
    work = tmp_path / "work"
    work.mkdir()
    for text in cases[:1]:
        (work / "l3.toml").write_text(text)
    environment = ENVIRONMENT | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
    for block in found:
        if block.mark == "ci" or (block.mark == "slow" and not SLOW):
            continue
        if block.language == "bash":
            words = ["bash", "-euc", block.text]
        elif block.language == "python":
            words = [sys.executable, "-c", block.text]
        else:
            continue
        done = subprocess.run(words, cwd=work, env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_documents_name_files_that_exist(document: Path) -> None:
    assert missing_files(document) == []


def test_the_checker_sees_missing_files(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("[a](nowhere.md) `src/cementflow/nowhere.py` [b](a.md) `src/cementflow/cli.py`\n")
    assert missing_files(document) == ["nowhere.md", "src/cementflow/nowhere.py"]


def test_blocks_are_found_with_their_marks() -> None:
    text = "a\n\n<!-- slow -->\n```bash\nx\ny\n```\nb\n```python\nz\n```\n"
    assert blocks(text) == [Block("slow", "bash", "x\ny\n"), Block("", "python", "z\n")]


def test_ci_runs_what_the_readme_says() -> None:
    script = (
        (ROOT / ".ci/run").read_text().replace("${PYTHON:-python3}", "python").replace('"$venv"', ".venv")
    )
    script = script.replace('"$venv/bin/', '".venv/bin/').replace('"', "").replace(" --quiet", "")
    marked = [b for b in blocks((ROOT / "README.md").read_text()) if b.mark == "ci"]
    lines = [line.replace('"', "") for b in marked for line in b.text.splitlines()]
    assert len(lines) == 4
    for line in lines:
        assert re.search(rf"^{re.escape(line)}\b", script + "\n", re.MULTILINE) or f"\n{line}" in script, line


def test_documents_are_complete() -> None:
    """Every verb and every key of a summary is in the manual."""
    usage = (ROOT / "docs/usage.md").read_text()
    source = (ROOT / "src/cementflow/results/summary.py").read_text()
    body = source[source.index("    return {\n") : source.index("def _sites")]
    keys = re.findall(r'^        "(\w+)":', body, re.MULTILINE)
    assert len(keys) > 20
    for key in set(keys) - {"title"}:
        assert f"`{key}`" in usage, key
    verbs = "".join(
        (ROOT / "src/cementflow" / p).read_text() for p in ("cli.py", "mesh_command.py", "study/commands.py")
    )
    for verb in re.findall(r'add_parser\(\s*"(\w+)"', verbs):
        assert f"`cementflow {verb} " in usage
