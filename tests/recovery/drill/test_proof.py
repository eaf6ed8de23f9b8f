"""A proof counts only as it was signed, and is good only when nothing was wrong in a place without a way out."""

from __future__ import annotations

import datetime
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from age_keyring.signing import Statement, private_of, public_of, signed
from recovery.drill.page import duration, page, size
from recovery.drill.proof import Closed, ProofBroken, read_proof, write_proof
from recovery.drill.shelf import age_of, keep_proof, newest, too_old
from tests.recovery.drill.proofs import answer, part, proof

KEY, OTHER = private_of("11" * 32), private_of("22" * 32)
NOW = datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A signed one."""
    file = tmp_path / "one.proof"
    write_proof(file, proof(), KEY)
    return file


def test_it_is_read_with_the_public_key_alone(file: Path) -> None:
    """As it was written."""
    assert read_proof(file, public_of(KEY)) == proof()


def test_another_key_does_not_count(file: Path) -> None:
    """Whoever signed it, it was not this one."""
    with pytest.raises(ProofBroken, match="not signed by anybody who is trusted"):
        read_proof(file, public_of(OTHER))


def test_every_changed_byte_is_found(file: Path) -> None:
    """And every end that is cut off."""
    content = file.read_bytes()
    for at in range(0, len(content), 7):
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(ProofBroken):
            read_proof(file, public_of(KEY))
        file.write_bytes(content[:at])
        with pytest.raises(ProofBroken):
            read_proof(file, public_of(KEY))


def test_what_was_signed_for_something_else_is_no_proof(file: Path) -> None:
    """An archive's signature over the same content."""
    body = proof().model_dump_json().encode()
    about = Statement(purpose="archive", stack="prod", subject="all", made=proof().ended, serial=1, signer="")
    file.write_bytes(signed(KEY, about, body))
    with pytest.raises(ProofBroken):
        read_proof(file, public_of(KEY))


@pytest.mark.parametrize(
    "changed", [{"stack": "local"}, {"subject": "tenant:acme"}, {"subject": "all (not proved)"}, {"serial": 7}]
)
def test_the_statement_belongs_to_the_proof(file: Path, changed: dict[str, object]) -> None:
    """Of another environment, scope or number than was signed."""
    serial = int(datetime.datetime(2026, 11, 30, 1, 18, 30, tzinfo=datetime.UTC).timestamp())
    given = {
        "purpose": "proof",
        "stack": "prod",
        "subject": "all",
        "made": proof().ended,
        "serial": serial,
        "signer": "",
    }
    about = Statement(**{**given, **changed})  # type: ignore[arg-type]  # of each its own type
    file.write_bytes(signed(KEY, about, proof().model_dump_json().encode()))
    with pytest.raises(ProofBroken):
        read_proof(file, public_of(KEY))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """No traceback: a missing one, a folder, JSON."""
    for name, make in (("absent", None), ("folder", Path.mkdir), ("json", lambda one: one.write_text("{}"))):
        path = tmp_path / name
        if make:
            make(path)
        with pytest.raises(ProofBroken, match="Fix:"):
            read_proof(path, public_of(KEY))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (proof(part("p", answer("wrong", found="3 do not open"))), "3 do not open"),
        (proof(closed=Closed(by="nothing", interfaces=(), attempts=0)), "could not be closed"),
        (proof(closed=Closed(by="namespace", interfaces=("eth0",), attempts=0)), "eth0"),
        (proof(removed=False), "not everything that it made is gone"),
        (proof().model_copy(update={"parts": ()}), "nothing was restored"),
    ],
)
def test_what_proves_nothing_says_why(bad: object, why: str) -> None:
    """Each reason by itself."""
    assert why in " ".join(bad.problems)  # type: ignore[attr-defined]  # a Proof
    assert not bad.good  # type: ignore[attr-defined]  # likewise


def test_what_is_unproved_is_told_and_is_no_failure() -> None:
    """What nobody here can tell is counted apart."""
    assert proof(part("p", answer("unproved"), answer("nothing"))).good


def test_the_newest_good_one_counts(tmp_path: Path) -> None:
    """Not a bad one, nor one of another key or environment."""
    keep_proof(tmp_path, proof(ended="2026-11-20T00:00:00Z"), KEY)
    keep_proof(tmp_path, proof(ended="2026-11-25T00:00:00Z", removed=False), KEY)
    keep_proof(tmp_path, proof(ended="2026-11-26T00:00:00Z", environment="backup"), KEY)
    keep_proof(tmp_path, proof(ended="2026-11-27T00:00:00Z"), OTHER)
    found = newest(tmp_path, "prod", public_of(KEY))
    assert found is not None
    assert found.proof.ended == "2026-11-20T00:00:00Z"
    assert age_of(found.proof, NOW) == datetime.timedelta(days=11)
    assert "11 days old, and 8 is the most" in too_old(found, 8, NOW)
    assert too_old(found, 11, NOW) == ""
    assert "no restore was ever proved" in too_old(None, 8, NOW)


def test_a_clock_that_is_behind_makes_no_proof_older(tmp_path: Path) -> None:
    """Nor younger than now."""
    assert age_of(proof(ended="2027-01-01T00:00:00Z"), NOW) == datetime.timedelta()


class Reader(HTMLParser):
    """Tags, and whatever would be loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.outside += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "action", "onclick")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_by_itself() -> None:
    """Nothing from elsewhere, no script, and every tag is closed."""
    reader = Reader()
    reader.feed(page(proof(part("a"), part("b", answer("wrong")), unasked=("n8n: webhooks",), left_out=("x: y",))))
    assert reader.open == []
    assert reader.outside == []
    assert "<script" not in page(proof())


def test_what_is_found_is_text_on_the_page() -> None:
    """A table's name may be anything."""
    bad = proof(part("<script>alert(1)</script>", answer("wrong", found="<img src=x onerror=alert(1)>")))
    assert "<script>" not in page(bad)
    assert "<img" not in page(bad)


def test_the_page_tells_all_of_the_proof() -> None:
    """Each part, each answer, each problem."""
    shown = page(
        proof(part("database:main/n8n", answer("wrong", found="3 do not open")), left_out=("vault: unopened",))
    )
    for text in (
        "20261130-010000",
        "database:main/n8n",
        "3 do not open",
        "vault: unopened",
        "14 min",
        "proves nothing",
    ):
        assert text in shown, text


def test_figures_are_told_as_one_would_say_them() -> None:
    """In the unit that fits."""
    assert [duration(one) for one in (0.25, 61, 840, 7200, 86400 * 9)] == ["0.2 s", "61 s", "14 min", "2.0 h", "9 days"]
    assert [size(one) for one in (0, 999, 1_500, 20_000_000, 3_200_000_000_000)] == [
        *("0 bytes", "999 bytes", "1.5 kB", "20 MB", "3.2 TB")
    ]


def test_the_signed_file_ends_with_json(file: Path) -> None:
    """Three lines, then what any program reads."""
    body = file.read_bytes().split(b"\n", 3)[3]
    assert json.loads(body)["backup"] == "20261130-010000"
