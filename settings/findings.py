"""What a check across the settings finds."""

from __future__ import annotations

__all__ = ["Finding"]

Finding = tuple[tuple[str | int, ...], object, str, str]
"""Where (keys of the file, in order), the value there, why it is refused, the mend."""
