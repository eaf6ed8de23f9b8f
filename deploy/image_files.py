"""Writes an image's digest beside its tag, in the file that names it: a service's settings, or a stack's file.

Only what stands there as text is changed, in place; whatever else the file says stays byte for byte. What a tag means
is not asked here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from kept import publish
from settings.images import Image

__all__ = ["pin"]


def pin(file: Path, image: Image, digest: str) -> bool:
    """Gives the image this digest, instead of what it has. False, and nothing written, where the file does not name it
    so that it can be changed: in Python, as Image(name="…", tag="…", digest=…); in YAML, as name:tag.
    """
    text = file.read_text(encoding="utf-8")
    found = _in_python(text, image, digest) if file.suffix == ".py" else _in_yaml(text, image, digest)
    if found == text:
        return False
    publish(file, found)
    return True


def _in_python(text: str, image: Image, digest: str) -> str:
    lines = text.encode().splitlines(keepends=True)  # the parser counts columns in bytes
    for value in sorted(_digests_of(text, image), key=lambda one: one.col_offset, reverse=True):
        line = lines[value.lineno - 1]
        lines[value.lineno - 1] = line[: value.col_offset] + f'"{digest}"'.encode() + line[value.end_col_offset :]
    return b"".join(lines).decode()


def _digests_of(text: str, image: Image) -> Iterator[ast.Constant]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == Image.__name__:
            given = {one.arg: one.value for one in node.keywords if isinstance(one.value, ast.Constant)}
            said = {key: one.value for key, one in given.items()}
            if said == {"name": image.name, "tag": image.tag, "digest": image.digest}:
                yield given["digest"]


def _in_yaml(text: str, image: Image, digest: str) -> str:
    whole = re.compile(rf"(?<![\w./:@-]){re.escape(image.reference)}(?![\w.@/-])")
    lines = text.splitlines(keepends=True)
    pinned = f"{image.tagged}@{digest}"
    return "".join(line if line.lstrip().startswith("#") else whole.sub(pinned, line) for line in lines)
