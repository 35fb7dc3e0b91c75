"""The shape of the package: imports point one way, files stay small.

Imports are read from the syntax tree, so that those inside functions and for type checking count too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src/cementflow"
LONGEST_FILE = 350

# From the ground up; a module may import from its own part and from those on lower floors.
FLOORS = (
    ("errors", "units", "files", "timing", "version", "signals", "threads", "compiled"),
    ("presets",),
    ("case",),
    ("mesh", "laws"),
    ("fem",),
    ("sites",),
    ("flow",),
    ("simulate",),
    ("materials", "bone", "injection"),
    ("stages",),
    ("ablation",),
    ("model", "compile_ahead"),
    ("warm_up", "results"),
    ("observers", "check"),
    ("views",),
    ("result",),
    ("runner",),
    ("crew",),
    ("series",),
    ("study",),
    ("summary_text", "verify"),
    ("mesh_command",),
    ("bench",),
    ("__init__", "cli"),
    ("__main__",),
)
# Presets are data that cases are read from; only the text that explains them needs the schema of a case.
EXEMPT = {("presets.describe", "case")}
LEVEL = {part: level for level, parts in enumerate(FLOORS) for part in parts}


def module_name(path: Path, package: Path) -> str:
    """Dotted name below the package; the package itself is "__init__"."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imports(path: Path, package: Path) -> Iterator[str]:
    """Dotted names below the package that a file imports; importing the package itself is "__init__"."""
    root = package.name
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            # `from package import part` names a part, where there is such a one.
            inner = node.module == root
            found = [
                f"{root}.{a.name}" if inner and _is_part(package, a.name) else node.module or ""
                for a in node.names
            ]
        elif isinstance(node, ast.ImportFrom):
            raise AssertionError(f"{path.name}: relative import")
        else:
            continue
        for name in found:
            if name == root:
                yield "__init__"
            elif name.startswith(f"{root}."):
                yield name.removeprefix(f"{root}.")


def _is_part(package: Path, name: str) -> bool:
    return (package / name).is_dir() or (package / f"{name}.py").is_file()


def upward_imports(package: Path) -> list[str]:
    """Every import from another part of the same or a higher floor, as "from -> to"."""
    wrong = []
    for path in sorted(package.rglob("*.py")):
        here = module_name(path, package)
        own = here.split(".")[0]
        for there in imports(path, package):
            other = there.split(".")[0]
            if own not in LEVEL or other not in LEVEL:
                wrong.append(f"{here} -> {there} (no floor is stated for one of them)")
            elif own != other and LEVEL[other] >= LEVEL[own] and (here, other) not in EXEMPT:
                wrong.append(f"{here} -> {there}")
    return wrong


def long_files(package: Path, limit: int = LONGEST_FILE) -> list[str]:
    """Files with more lines than the limit."""
    lines = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in package.rglob("*.py")}
    return [f"{p.relative_to(package)}: {n}" for p, n in sorted(lines.items()) if n > limit]


def test_imports_point_one_way() -> None:
    assert upward_imports(PACKAGE) == []


def test_files_are_small() -> None:
    assert long_files(PACKAGE) == []


def test_every_part_exists() -> None:
    """A floor that names nothing would hide a part that moved."""
    there = {module_name(p, PACKAGE).split(".")[0] for p in PACKAGE.rglob("*.py")}
    assert there == set(LEVEL)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    package = tmp_path / "cementflow"
    (package / "mesh").mkdir(parents=True)
    (package / "__init__.py").write_text("from cementflow.errors import InputError\n")
    (package / "errors.py").write_text("import numpy\n")
    (package / "mesh/__init__.py").write_text("")
    (package / "mesh/read.py").write_text("from cementflow.errors import InputError\n")
    return package


def test_a_sound_house_passes(house: Path) -> None:
    assert upward_imports(house) == []
    assert long_files(house) == []


@pytest.mark.parametrize(
    "line",
    [
        "from cementflow.flow.state import State",
        "import cementflow.flow.state",
        "from cementflow import flow",
        "from cementflow import load",
        "import cementflow",
        "def f():\n    from cementflow.flow.state import State",
        "if TYPE_CHECKING:\n    from cementflow.flow.state import State",
        "from cementflow.newcomer import thing",
    ],
)
def test_the_checker_sees_an_upward_import(house: Path, line: str) -> None:
    (house / "flow").mkdir()
    (house / "mesh/read.py").write_text(line + "\n")
    assert len(upward_imports(house)) == 1
    assert upward_imports(house)[0].startswith("mesh.read -> ")


def test_the_checker_sees_a_long_file(house: Path) -> None:
    (house / "mesh/read.py").write_text("x = 1\n" * (LONGEST_FILE + 1))
    assert long_files(house) == ["mesh/read.py: 351"]
