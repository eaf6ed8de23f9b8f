"""Keeps secrets out of what a provider answers in words: refusals repeat values, and the engine prints refusals."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from engine.wire import leaves

__all__ = ["forget", "masked", "remember"]

SHORTEST = 3
"""Shorter texts are left: masking every "a" would hide the message, not the secret."""
_OF_THREAD = threading.local()


def forget() -> None:
    """Begins a call: nothing is to be hidden yet."""
    _OF_THREAD.texts = set()


def remember(values: Mapping[str, Any], secrets: Iterable[tuple[str | int, ...]]) -> None:
    """From here on, what stands at these paths is hidden in this call's answers."""
    texts: set[str] = getattr(_OF_THREAD, "texts", set())
    for path in secrets:
        texts.update(_texts(values, path))
    _OF_THREAD.texts = texts


def masked(text: str) -> str:
    """The text without what is to be hidden."""
    for secret in sorted(getattr(_OF_THREAD, "texts", ()), key=len, reverse=True):
        for form in (secret, repr(secret)[1:-1]):
            text = text.replace(form, "[secret]")
    return text


def _texts(values: Any, path: tuple[str | int, ...]) -> Iterable[str]:
    here = values
    for step in path:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            return
    for _, leaf in leaves(here):
        if isinstance(leaf, str | int | float) and not isinstance(leaf, bool) and len(str(leaf)) >= SHORTEST:
            yield str(leaf)
