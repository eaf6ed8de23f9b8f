"""One tenant's file: its text read, and its state changed in it with everything else kept as it stands.

A text is never edited by a pattern. Where the value stands is asked of ruamel.yaml's parser and that place alone is
written anew; where it doesn't stand in one place of its own (a file without the key, an alias), the file is written
anew by ruamel.yaml, comments included. Either is read back, and compared with what was wanted, before it counts.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from kept import Damaged, words
from kept.operator_error import OperatorError
from settings.documents import refuse_deep
from settings.problems import Problem
from tenants.model import State

__all__ = ["Unreadable", "read", "values_of", "with_state", "write"]

KEY = "state"
_BOM = "\ufeff"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(OperatorError):
    """A text that is no tenant's file; `problem` says where, why and how to mend it. Of a value nothing is shown."""

    def __init__(self, name: str, where: str, why: str, mend: str) -> None:
        self.problem = Problem(name, where, "", why, mend)
        super().__init__(str(self.problem))


def read(file: Path, name: str) -> str:
    """The text of a file, as it stands there. Raises Unreadable: of a link too, and what it leads to isn't opened."""
    if file.suffix != ".yaml":
        raise Unreadable(name, "", "a tenant's file ends in .yaml", f"rename it to {file.stem}.yaml")
    if file.is_symlink():
        raise Unreadable(name, "", "a link, where the tenant's own file belongs", "the file itself in its place")
    try:
        return words(file, "", links=False)
    except (Damaged, OSError) as error:
        why = getattr(error, "why", f"can't be read ({error})")
        raise Unreadable(name, "", why, "make it a readable text in UTF-8") from None


def values_of(text: str, name: str) -> object:
    """What a file's text holds. Raises Unreadable."""
    try:
        refuse_deep(text, _Loader)
        values, repeated = _loaded(text)
    except RecursionError:
        mend = "plain values, without & and *"
        raise Unreadable(name, "", "nested too deep, or it holds itself", mend) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it can't be parsed"
        raise Unreadable(name, where, f"not YAML: {what}", "mend that line") from None
    except ValueError as error:  # a number of thousands of digits, a date that is none
        why = f"a value that can't be read: {str(error).partition(';')[0]}"
        raise Unreadable(name, "", why, "quote it, if it is meant as a text") from None
    if repeated:
        raise Unreadable(name, repeated, "the key stands there twice", "remove one of the two")
    return values


def with_state(text: str, state: State, name: str) -> str:
    """The text with another state. Raises Unreadable when no way of writing it reads back as just that."""
    values = values_of(text, name)
    if not isinstance(values, Mapping):
        raise Unreadable(name, "", "not a mapping of keys to values", f"write {KEY}: {state} into it by hand")
    wanted = {**values, KEY: state}
    if values == wanted:
        return text
    for changed in (_in_place(text, state), _anew(text, state)):
        with contextlib.suppress(Unreadable):
            if changed is not None and values_of(changed, name) == wanted:
                return changed
    mend = f"write {KEY}: {state} into it by hand"
    raise Unreadable(name, KEY, "its state can't be changed without changing something else in it", mend)


def write(file: Path, text: str) -> None:
    """The whole file or none of it, with the rights that it had; on the disk before it has the name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        with draft.open("w", encoding="utf-8", newline="") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        with contextlib.suppress(FileNotFoundError):
            draft.chmod(stat.S_IMODE(file.lstat().st_mode))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _loaded(text: str) -> tuple[Any, str]:
    """What a file holds, and where a key stands for the second time: a loader would take the last and say nothing."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if str(key.value) in seen:
                return None, f"line {key.start_mark.line + 1}, column {key.start_mark.column + 1}"
            seen.add(str(key.value))
        return (None if node is None else loader.construct_document(node)), ""
    finally:
        loader.dispose()


def _in_place(text: str, state: State) -> str | None:
    """The text with the value alone written anew, where the parser says that it stands; quoted as it was."""
    bom, body = _BOM * text.startswith(_BOM), text.removeprefix(_BOM)
    for key, value in _pairs(body):
        if key.value == KEY and key.end_mark.index <= value.start_mark.index:  # an alias's value stands elsewhere
            begin, end = value.start_mark.index, value.end_mark.index
            quote = value.style if value.style in ("'", '"') else ""
            return f"{bom}{body[:begin]}{quote}{state}{quote}{body[end:]}"
    return None


def _pairs(body: str) -> Iterator[tuple[Any, Any]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    with contextlib.suppress(YAMLError, RecursionError):
        node = YAML(typ="rt").compose(body)
        yield from getattr(node, "value", None) or ()


def _anew(text: str, state: State) -> str | None:
    """The text as ruamel.yaml writes it, with the value set: comments, quotes and the order of keys are kept."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    bom, body = _BOM * text.startswith(_BOM), text.removeprefix(_BOM)
    ends = "\r\n" if "\r\n" in body else "\n"
    rt = YAML(typ="rt")
    rt.preserve_quotes, rt.width = True, 4096
    rt.explicit_start = body.startswith("---")
    written = io.StringIO()
    try:
        values = rt.load(body.replace("\r\n", "\n"))
        values[KEY] = state
        rt.dump(values, written)
    except (YAMLError, RecursionError, TypeError, ValueError):
        return None
    return bom + written.getvalue().replace("\n", ends)
