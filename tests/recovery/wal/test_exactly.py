"""What a restore out of the log leaves aside is found again by the command that removes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy.target import Target
from recovery import restore
from recovery.manifest import Part


def test_what_is_left_aside_is_noted_where_nothing_was_kept_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, however often it is told."""
    monkeypatch.setattr(restore, "keeps_in", lambda _: tmp_path)
    ctx = cast(Any, SimpleNamespace(place=SimpleNamespace(target=Target.SANDBOX), stack="prod"))
    part = Part(
        name="database:vps/t_acme",
        kind="database",
        domain="host:vps",
        store="wal",
        snapshot="a",
        bytes=1,
        seconds=1.0,
        taken_at=datetime(2026, 11, 30, tzinfo=UTC),
    )
    for _ in range(2):
        restore.remember(ctx, part, "t_acme_before_20261130_165656")
    (file,) = (tmp_path / "recovery").iterdir()
    assert [one["old"] for one in json.loads(file.read_text(encoding="utf-8"))] == ["t_acme_before_20261130_165656"]
