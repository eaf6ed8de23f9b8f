"""Compiles the SDKs' types in a process that ends: a server would keep what that takes of memory for good."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["compiled_apart"]

_COMPILE = """
import json, sys
from sandbox.core.compiler import compile_schema
json.dump(compile_schema(*json.load(sys.stdin)), sys.stdout)
"""
_PATIENCE_S = 300.0


def compiled_apart(tokens: Sequence[str], any_case: Sequence[str]) -> dict[str, Any]:
    """The schema, made by a process that ends: the SDKs' classes take 150 MB, which a server would keep for good."""
    done = subprocess.run(  # noqa: S603  this interpreter, with a program of our own
        [sys.executable, "-c", _COMPILE],
        cwd=Path(__file__).resolve().parents[2],
        input=json.dumps([list(tokens), list(any_case)]),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the providers' SDKs could not be read:\n{done.stderr}")
    data: dict[str, Any] = json.loads(done.stdout)
    return data
