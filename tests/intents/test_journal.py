"""The journal of intents: what is noted before the vendor is asked, and what is left of it."""

from __future__ import annotations

from pathlib import Path

from intents.journal import Journal, root_of

A, B = "urn:pulumi:s::p::t::a", "urn:pulumi:s::p::t::b"


def journal(tmp_path: Path) -> Journal:
    """An empty one."""
    return Journal.of(tmp_path, "p", "s")


def test_an_intent_is_on_the_disk_before_anything_else_happens(tmp_path: Path) -> None:
    """Another process reads it at once; each has a number of its own."""
    first, second = journal(tmp_path).begin(A, "t"), journal(tmp_path).begin(B, "t")
    assert journal(tmp_path).open() == {A: first, B: second}
    assert first.nonce != second.nonce
    assert len(first.nonce) == 24
    assert (journal(tmp_path).file.stat().st_mode & 0o777) == 0o600


def test_what_has_come_to_be_is_forgotten_and_an_empty_journal_has_no_file(tmp_path: Path) -> None:
    """So it is bounded by what a run creates."""
    kept = journal(tmp_path)
    intents = {urn: kept.begin(urn, "t") for urn in (A, B)}
    kept.fail(intents[B], {"inputs": {"name": "x"}})
    kept.close([A, "urn of another"])
    assert list(kept.open()) == [B]
    assert kept.open()[B].failed == {"inputs": {"name": "x"}}
    kept.close([B])
    assert not kept.file.exists()


def test_a_line_that_a_crash_cut_off_costs_no_other(tmp_path: Path) -> None:
    """Neither those before it nor those after it."""
    kept = journal(tmp_path)
    kept.begin(A, "t")
    kept.file.write_bytes(kept.file.read_bytes() + b'{"event": "intent", "urn": "cut')
    kept.begin(B, "t")
    assert set(kept.open()) == {A, B}


def test_failed_deletions_are_looked_at_once(tmp_path: Path) -> None:
    """And open intents stay."""
    kept = journal(tmp_path)
    kept.begin(A, "t")
    kept.undeleted(B)
    kept.close(["nothing of ours"])
    assert kept.deletions() == [B]
    kept.forget_deletions()
    assert kept.deletions() == []
    assert set(kept.open()) == {A}


def test_it_lies_beside_a_state_of_files_and_else_among_the_clones_own(tmp_path: Path) -> None:
    """Everybody who uses a state of files meets it."""
    assert root_of({"PULUMI_BACKEND_URL": f"file://{tmp_path}?no_tmp_dir=true"}, Path("/own")) == tmp_path / "intents"
    assert root_of({"PULUMI_BACKEND_URL": "azblob://states"}, Path("/own")) == Path("/own/intents")
