"""Which tests are kept out of the core: real parts that take minutes. `.ci/run` switches them on.

Where they are off, each is told as skipped, with this reason; where one's software is not here, with what it lacks.
"""

from __future__ import annotations

import os

import pytest

__all__ = ["SWITCH", "real_part"]

SWITCH = "SMOS_REAL_PARTS"


def real_part(what: str) -> pytest.MarkDecorator:
    """Marks a test that is run where the switch is set; `what` says what is not tried without it."""
    off = not os.environ.get(SWITCH)
    return pytest.mark.skipif(off, reason=f"{what}: a real part, not of the core; {SWITCH}=1 switches it on")
