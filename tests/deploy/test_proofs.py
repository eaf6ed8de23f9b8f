"""How long no restore was proved: by the newest good proof of that environment, or since it was first asked."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from age_keyring.signing import Statement, private_of, signed
from deploy import proofs
from deploy.target import Target

NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is kept on this machine."""
    monkeypatch.setattr(proofs, "keeps_in", lambda _: tmp_path)
    return tmp_path


def put(home: Path, days: int, stack: str = "prod", subject: str = "all", purpose: str = "proof") -> Path:
    """A signed file, so many days old."""
    made = (NOW - days * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = Statement(purpose=purpose, stack=stack, subject=subject, made=made, serial=1, signer="")
    file = home / "drill" / "proofs" / f"{stack}-{subject}-{days}-{purpose}.proof"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(signed(private_of("11" * 32), about, b"{}"))
    return file


def age() -> datetime.timedelta:
    """As a run is told."""
    return proofs.age_of_newest(Target.SANDBOX, "prod", NOW)


def test_the_newest_good_one_counts(home: Path) -> None:
    """Not another environment's, not one that proves nothing, not what was signed for something else."""
    put(home, 9)
    put(home, 5)
    put(home, 1, stack="backup")
    put(home, 2, subject=f"all{proofs.NOT_PROVED}")
    put(home, 3, purpose="archive")
    assert age() == 5 * DAY


def test_what_was_changed_does_not_count(home: Path) -> None:
    """Its date, above all."""
    put(home, 9)
    file = put(home, 4)
    file.write_bytes(file.read_bytes().replace(b"2026-11-26", b"2026-11-29"))
    assert age() == 9 * DAY


def test_without_any_the_days_begin_with_the_first_question(home: Path) -> None:
    """A new environment has its first days; a damaged note begins them anew, and stops nothing."""
    assert age() == datetime.timedelta()
    assert proofs.age_of_newest(Target.SANDBOX, "prod", NOW + 9 * DAY) == 9 * DAY
    (home / "drill" / "prod.since").write_text("no time")
    assert age() == datetime.timedelta()


def test_a_run_that_went_past_is_noted(home: Path) -> None:
    """Each, with its reason."""
    proofs.pass_by(Target.SANDBOX, "prod", "the VPS is on fire")
    proofs.pass_by(Target.SANDBOX, "prod", "still")
    lines = (home / "drill" / "without-proof.jsonl").read_text().splitlines()
    assert ["fire" in lines[0], "still" in lines[1], len(lines)] == [True, True, 2]
