"""Who answers a visitor for a name, as an edge needs to know it of the vendor behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Body", "Origin", "Reply"]

Body = dict[str, Any] | None
"""Of a POST; None: it is a GET."""


@dataclass(frozen=True)
class Reply:
    """An answer to a visitor."""

    status: int
    content: Mapping[str, Any]
    location: str = ""


def _well() -> str | None:
    return None


def _nothing(_path: str, _body: Body) -> Reply | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who answers for a name."""

    app: str
    image: str
    certificate: tuple[str, str] | None = None
    """(certificate, key) that it shows; None when it has none for the name."""
    health_path: str = "/"
    health: Callable[[], str | None] = _well
    """None when the app could work; else why not."""
    reply: Callable[[str, Body], Reply | None] = _nothing
    """What the app itself would answer at a path; None for what it was not asked."""
    problem: str | None = None
    """Why nobody answers."""
    proxied: bool = False
    """Whether the edge stands before it."""
