"""How a room says what it is doing, to whoever started it: a line of text. Errors are no part of it: OperatorError."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Say"]

Say = Callable[[str], None]
