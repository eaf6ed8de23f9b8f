"""The kinds of place at which the contract suite puts every service, one a file: a new one is here by its file and a
line. One that lives elsewhere is added before the suite is read.
"""

from __future__ import annotations

from tests.components.places.azure import AZURE
from tests.components.places.docker import DOCKER
from tests.components.places.example import Contained, Example
from tests.components.places.r2 import R2

__all__ = ["EXAMPLES", "Contained", "Example", "add"]

EXAMPLES: dict[str, Example] = {one.where: one for one in (AZURE, DOCKER, R2)}
"""`where` → how a service is put there, and what is read of what it declared."""


def add(example: Example) -> None:
    """One more."""
    assert example.where not in EXAMPLES, example.where
    EXAMPLES[example.where] = example
