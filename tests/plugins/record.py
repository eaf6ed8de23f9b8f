"""What the official plugins were last seen to do, in docs/live-checks.json beside what real accounts answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from sandbox.pages import PLUGINS
from tests.plugins.installed import Plugin
from tests.plugins.lives import Result

__all__ = ["RECORD", "remember"]

RECORD = Path(__file__).resolve().parent.parent.parent / "docs" / "live-checks.json"


def remember(file: Path, plugins: Iterable[Plugin], results: Sequence[Result], when: date) -> None:
    """Writes version, date and outcome of each plugin that took part. One that was not there keeps its old entry."""
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    lives = sorted({result.life for result in results})
    failed = [f"{result.life}: {result.step}" for result in results if result.why]
    known = record.setdefault(PLUGINS, {})
    for plugin in plugins:
        known[plugin.package] = {
            "date": when.isoformat(),
            "version": plugin.version,
            "lives": lives,
            "steps": len(results),
            "failed": failed,
        }
    file.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
