"""What an engine leaves out in a run on many tenants: its log of everything.

Each engine writes such a log into its home (for `pulumi logs`), which is a sixth of what an unchanged tenant takes; and
each looks at all older logs first, so that the thousandth is slower than the first. In a run on many, the journal and
the engine's own words are what is read. The engine has no setting for it: it goes without a log where it can't make the
folder.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from deploy.target import RunTarget

__all__ = ["lean"]

_LOGS = "logs"


@contextlib.contextmanager
def lean(place: RunTarget) -> Iterator[RunTarget]:
    """For the block: the engine's home without a place for logs, with everything else of the real one."""
    home = Path(place.environ.get("PULUMI_HOME") or Path(place.environ.get("HOME", "~"), ".pulumi")).expanduser()
    (home / "plugins").mkdir(parents=True, exist_ok=True)  # what is fetched in between is kept
    (home / "workspaces").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.scratch) as folder:
        for one in home.iterdir():
            if one.name != _LOGS:
                (Path(folder) / one.name).symlink_to(one)
        (Path(folder) / _LOGS).write_text("No logs are kept in a run on many tenants.\n")
        yield replace(place, environ={**place.environ, "PULUMI_HOME": folder})
