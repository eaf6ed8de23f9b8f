"""The real clouds are changed by the pinned engine alone; what an operator lets through in a recovery is on record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy import target
from deploy.engine_version import OVERRIDE, RECORD, OtherEngine, refuse_another_engine
from engine import Engine, pin

NEWER = f"{pin.VERSION.split('.')[0]}.9999.0"


def engine_of(version: str) -> Engine:
    """An engine of that version."""
    return Engine(Path("/nowhere/pulumi"), version, "path")


@pytest.mark.parametrize("version", [pin.VERSION, f"v{pin.VERSION}"])
def test_the_pinned_engine_is_taken_without_a_word(
    version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And without a record."""
    refuse_another_engine(engine_of(version), {}, tmp_path)
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("environ", [{}, {OVERRIDE: "1"}, {OVERRIDE: pin.VERSION}, {OVERRIDE: "3.9999.1"}])
def test_another_one_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    """A newer one, too, though a simulated run would take it; and an override that names another version."""
    assert pin.is_compatible(NEWER)
    with pytest.raises(OtherEngine, match=rf"engine is {NEWER} .* asks for {pin.VERSION}.*{OVERRIDE}={NEWER}"):
        refuse_another_engine(engine_of(NEWER), environ, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_recovery_goes_on_with_it_and_that_is_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each time."""
    for _ in range(2):
        refuse_another_engine(engine_of(f"v{NEWER}"), {OVERRIDE: NEWER}, tmp_path / "runs")
    lines = [json.loads(line) for line in (tmp_path / "runs" / RECORD).read_text().splitlines()]
    assert [(line["engine"], line["pinned"]) for line in lines] == [(NEWER, pin.VERSION)] * 2
    assert NEWER in capsys.readouterr().err


def test_every_real_run_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its place is made, so before a state is read."""
    monkeypatch.setattr("engine.find", lambda: engine_of(NEWER))
    monkeypatch.delenv(OVERRIDE, raising=False)
    with pytest.raises(OtherEngine):
        target.real()
