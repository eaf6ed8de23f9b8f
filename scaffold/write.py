"""From a declaration and a name to files: everything is looked at before the first byte, and written whole or not at
all.

How long a name is, and where an import belongs, is the formatter's business: it sees every Python file before it is
written. Nothing else is run.
"""

from __future__ import annotations

import ast
import json
import keyword
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from kept import publish
from scaffold.declaration import Insertion, Scaffold, ScaffoldRefused, Words

__all__ = ["Plan", "plan", "write"]

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is going to be written for one name."""

    new: Mapping[Path, str]
    """File that is not there yet → its text."""
    changed: Mapping[Path, str]
    """File that is there → its text with the new lines."""
    test: Path
    fails: str
    left: tuple[str, ...]

    @property
    def touched(self) -> tuple[Path, ...]:
        """Every file that the new thing takes."""
        return (*self.new, *self.changed)


def plan(scaffold: Scaffold, name: str, root: Path) -> Plan:
    """What `name` takes in the clone at `root`. Raises ScaffoldRefused; nothing is written."""
    words = _words(scaffold, name)
    if why := scaffold.taken(name):
        raise ScaffoldRefused(f"{scaffold.kind} {name}: {why}")
    new = {root / _filled(path, words): template for template, path in scaffold.files.items()}
    for file in new:
        if file.exists() or file.is_symlink():
            shown = file.relative_to(root)
            raise ScaffoldRefused(f"{scaffold.kind} {name}: {shown} is there already. Fix: another name, or edit it")
    return Plan(
        new={file: _tidy(root, file, _template(template, words)) for file, template in new.items()},
        changed={root / _filled(one.path, words): _with_lines(one, words, root) for one in scaffold.insertions},
        test=root / _filled(scaffold.test, words),
        fails=_filled(scaffold.fails, words),
        left=tuple(_filled(one, words) for one in scaffold.left),
    )


def write(wanted: Plan) -> None:
    """Write all of it. When a file can't be written, those before it are taken back, and the error goes on."""
    before = {file: file.read_text(encoding="utf-8") for file in wanted.changed}
    made: list[Path] = []
    try:
        for file, text in {**wanted.new, **wanted.changed}.items():
            _make_folder(file.parent, made)
            publish(file, text)
            made.append(file)
    except BaseException:
        for path in reversed(made):
            if path in before:
                publish(path, before[path])
            elif path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _words(scaffold: Scaffold, name: str) -> Words:
    where = f"{scaffold.kind} {name!r}"
    if not scaffold.pattern.fullmatch(name):
        raise ScaffoldRefused(f"{where}: that is no name of a {scaffold.kind}. Fix: {scaffold.shape}")
    words = scaffold.words(name)
    if not words["identifier"].isidentifier() or keyword.iskeyword(words["identifier"]):
        raise ScaffoldRefused(f"{where}: Python keeps that word for itself. Fix: another name; {scaffold.shape}")
    return words


def _template(name: str, words: Words) -> str:
    return _filled((TEMPLATES / name).read_text(encoding="utf-8"), words)


def _filled(text: str, words: Words) -> str:
    return Template(text).substitute(words)


def _with_lines(one: Insertion, words: Words, root: Path) -> str:
    """The file's text with the template's lines at the end of the table or class."""
    path = _filled(one.path, words)
    text = (root / path).read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    at = _end_of(one.into, text)
    if at is not None and one.before:
        at = next((number for number, line in enumerate(lines[:at]) if one.before in line), None)
    if at is None:
        raise ScaffoldRefused(f"{path}: it has no {one.into} as expected. Fix: git checkout {path}")
    lines.insert(at, _template(one.template, words))
    if one.imports:
        lines.insert(_end_of_imports(text), f"{_filled(one.imports, words)}\n")
    return _tidy(root, root / path, "".join(lines))


def _tidy(root: Path, file: Path, text: str) -> str:
    """The text as the formatter and the order of imports want it; what is no Python, as it is."""
    if file.suffix != ".py":
        return text
    # A module that is not there yet is ours all the same: its room is.
    ours = json.dumps([one.name for one in root.iterdir() if one.is_dir() and not one.name.startswith(".")])
    known = ["--config", f"lint.isort.known-first-party={ours}"]
    for tool in (["check", "--select", "I", "--fix", "--quiet", *known], ["format"]):
        ruff = [sys.executable, "-m", "ruff", *tool, "--stdin-filename", str(file), "-"]
        done = subprocess.run(ruff, cwd=root, input=text, capture_output=True, text=True, check=True)  # noqa: S603 - our own
        text = done.stdout
    return text


def _end_of_imports(text: str) -> int:
    """After which line of the file its last import at the top level ends."""
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return max((node.end_lineno or 0 for node in imports), default=0)


def _end_of(name: str, text: str) -> int | None:
    """Before which line of the file a table, or the fields of a class, end."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            fields = [one.end_lineno for one in node.body if isinstance(one, ast.AnnAssign | ast.Expr)]
            return max((one for one in fields if one), default=None)
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        if any(isinstance(one, ast.Name) and one.id == name for one in targets):
            several = node.end_lineno is not None and node.end_lineno > node.lineno
            return (node.end_lineno or 0) - 1 if several else None
    return None
