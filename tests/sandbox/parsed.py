"""The tables of cases, each file read once a process, by libyaml: read by Python and for each kind of case, they were a
large part of what it takes to collect the tests.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["parsed"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def parsed(file: Path) -> Any:
    """What is in the file. Whoever changes it copies it first: others are given the same."""
    return yaml.load(file.read_bytes(), Loader=_LOADER)  # noqa: S506 both are safe ones
