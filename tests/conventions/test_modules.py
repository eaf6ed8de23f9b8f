"""Modules are short, say what they are and what others may use of them; every exception to a rule has its reason."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.conventions.exceptions import LONG_FUNCTIONS, LONG_MODULES, WITHOUT_ALL, WITHOUT_DOCSTRING
from tests.conventions.rooms import ROOT, sources

MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 40
LIST = "tests/conventions/exceptions.py"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    """Its path in the clone."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Its syntax."""
    return ast.parse(path.read_text(encoding="utf-8"))


def compare(found: Mapping[str, int], listed: Mapping[str, tuple[int, str]], what: str) -> None:
    """What is found is listed and what is listed is found; and none has grown since it was."""
    new = {name: size for name, size in found.items() if name not in listed}
    assert not new, f"{what}: {new}"
    gone = sorted(set(listed) - set(found))
    assert not gone, f"no longer in need of an exception: {gone}. Fix: take them out of {LIST}"
    grown = {name: size for name, size in found.items() if size > listed[name][0]}
    assert not grown, f"{what}, and longer than the {LIST} allows them: {grown}"


def test_a_module_is_short() -> None:
    """At most 300 lines."""
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources(tests=True)}
    compare({name: size for name, size in sizes.items() if size > MOST_LINES}, LONG_MODULES, "too long")


def test_a_function_is_short() -> None:
    """At most 40 lines."""
    sizes = {
        f"{name_of(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in ast.walk(tree_of(path))
        if isinstance(node, Function)
    }
    found = {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_FUNCTION}
    compare(found, LONG_FUNCTIONS, "too long")


def test_a_module_says_what_it_is() -> None:
    """A docstring at its head."""
    assert [name_of(path) for path in sources(tests=True) if not ast.get_docstring(tree_of(path))] == []


def undocumented(path: Path) -> Iterator[str]:
    """Public classes, functions and methods without a docstring. What a base class declares is described there, what is
    inside a function is read with it.
    """

    def inside(node: ast.AST, prefix: str, inherits: bool) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                if child.name.startswith("_"):
                    continue
                if not ast.get_docstring(child):
                    yield f"{prefix}{child.name}"
                yield from inside(child, f"{prefix}{child.name}.", bool(child.bases))
            elif isinstance(child, Function):
                if not child.name.startswith("_") and not inherits and not ast.get_docstring(child):
                    yield f"{prefix}{child.name}"
            else:
                yield from inside(child, prefix, inherits)

    yield from inside(tree_of(path), "", False)


def test_what_is_public_is_described() -> None:
    """A docstring for every class, function and method whose name has no underscore."""
    found = {f"{name_of(path)}:{name}" for path in sources() for name in undocumented(path)}
    assert found == set(WITHOUT_DOCSTRING), f"{LIST} lists just what is found"


def says_what_is_public(path: Path) -> bool:
    """Whether it has an `__all__`, or nothing that could be in one."""
    names = []
    for node in tree_of(path).body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            names.append(node.name)
        elif isinstance(node, ast.Assign) and any(
            isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets
        ):
            return True
    return not names


def test_a_module_says_what_of_it_others_may_use() -> None:
    """`__all__`, in every module that has something public."""
    found = {name_of(path) for path in sources() if not says_what_is_public(path)}
    assert found == set(WITHOUT_ALL), f"{LIST} lists just what is found"


NOQA = re.compile(r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*( -)? +\S")
IGNORED = re.compile(r"# type: ignore\[[\w, -]+\] +#? ?\S")


def unreasoned(text: str) -> Iterator[str]:
    """The comments that switch a check off and don't say why."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        if re.match(r"#\s*(ruff: *)?noqa", token.string) and not NOQA.match(token.string):
            yield token.string
        if re.match(r"#\s*(type: ?ignore|mypy:)", token.string) and not IGNORED.match(token.string):
            yield token.string


@pytest.mark.parametrize(
    ("line", "fails"),
    [
        ("x = 1  # noqa: E501 - a token", False),
        ("x = 1  # noqa: E501, S603  our own", False),
        ("x = 1  # type: ignore[misc]  # a stub", False),
        ("x = 1  # noqa: E501", True),
        ("x = 1  # noqa", True),
        ("# ruff: noqa: E501 - all of it", True),
        ("x = 1  # type: ignore[misc]", True),
        ("x = 1  # type: ignore", True),
        ("# mypy: ignore-errors", True),
        ('x = "# noqa"', False),
    ],
)
def test_a_missing_reason_is_found(line: str, fails: bool) -> None:
    """The finder itself."""
    assert bool(list(unreasoned(f"{line}\n"))) is fails


def test_every_exception_to_a_rule_has_its_reason() -> None:
    """No bare noqa, no bare type: ignore, no file-wide one."""
    found = {name_of(path): list(unreasoned(path.read_text(encoding="utf-8"))) for path in sources(tests=True)}
    assert not {name: lines for name, lines in found.items() if lines}


def test_no_module_has_a_name_that_says_nothing() -> None:
    """Names are words of the matter, of files and of folders."""
    for path in sources(tests=True):
        for part in path.relative_to(ROOT).with_suffix("").parts:
            assert not re.fullmatch(r"(utils?|helpers?|common|managers?|misc|base_.*)", part), name_of(path)


def test_what_all_rooms_use_has_one_home() -> None:
    """How a run says what it does is a type of kept/say.py, and nobody defines it again."""
    found = {
        name_of(path)
        for path in sources(tests=True)
        for node in tree_of(path).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "Say"
    }
    assert found == {"kept/say.py"}
