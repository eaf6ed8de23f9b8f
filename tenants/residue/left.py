"""Something of a tenant that should be gone."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Left"]


@dataclass(frozen=True)
class Left:
    """Where it is, what it is, and how it goes."""

    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. Mend: {self.mend}"
