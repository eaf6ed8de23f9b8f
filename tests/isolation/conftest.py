"""Names are tried on a machine that may be busy: how long one takes says nothing."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("isolation", deadline=None)
settings.load_profile("isolation")
