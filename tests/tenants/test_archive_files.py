"""What is no whole archive, or not of who it says, is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyrage
import pytest

from age_keyring.signing import Statement, private_of, signed
from tenants.archive import file as archive
from tenants.archive.manifest import ArchiveBroken, Manifest, Part, digest, read_manifest

IDENTITY = pyrage.x25519.Identity.generate()
READER = cast(Any, SimpleNamespace(keys=[IDENTITY]))
KEY, OTHER_KEY = private_of("01" * 32), private_of("02" * 32)
STATEMENT = Statement(purpose="archive", stack="prod", subject="acme", made="2026-01-31T12:00:00Z", serial=7, signer="")
PARTS_TOLD = {"parts": {name: {"sha256": "", "size": 0} for name in ("database.sql", "tenant.yaml", "x.sql")}}
PARTS = {"database.sql": b"SELECT 1;\n", "tenant.yaml": b"name: Acme\n"}


def _manifest(of: dict[str, bytes], **more: Any) -> bytes:
    values = {
        "slug": "acme",
        "rut": "12345678-5",
        "name": "Acme",
        "environment": "prod",
        "made": "2026-01-31T12:00:00Z",
        "serverVersion": 180004,
        "schemaVersion": "0001",
        "parts": {name: Part(sha256=digest(one), size=len(one)) for name, one in of.items()},
        "content": {"tables": {}, "rows": {}, "redisKeys": 0, "redis": "", "secrets": ""},
    }
    return json.dumps({**Manifest.model_validate(values).model_dump(by_alias=True, mode="json"), **more}).encode()


def _tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for about, content in members:
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return held.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    about = tarfile.TarInfo(name)
    about.type, about.linkname = kind, link
    return about


def _changed(content: bytes, at: int, with_: bytes) -> bytes:
    """In the first header; its checksum is right again, unless something else was changed than a field."""
    content = content[:at] + with_ + content[at + len(with_) :]
    total = sum(content[:512]) - sum(content[148:156]) + 8 * 32
    return content if len(with_) == 1 else content[:148] + b"%06o\0 " % total + content[156:]


def _hidden(content: bytes) -> bytes:
    size = int(content[124:135], 8)
    return content[: 512 + size] + b"x" + content[512 + size + 1 :]


def _whole(
    parts: dict[str, bytes] | None = None, handed: dict[str, Any] | None = None, **more: Any
) -> list[tuple[tarfile.TarInfo, bytes]]:
    wanted = PARTS if parts is None else parts
    return [
        (_member("manifest.json"), _manifest(PARTS, **(handed or {}), **more)),
        *((_member(name), one) for name, one in wanted.items()),
    ]


def _sealed(content: bytes, key: Any = KEY, **more: Any) -> bytes:
    handed = replace(STATEMENT, **{"plain_size": len(content), **more})
    return signed(key, handed, pyrage.encrypt(content, [IDENTITY.to_public()]))


def _read(file: Path, content: bytes, *, sealed: bool = False, trust: str = "") -> Manifest:
    file.write_bytes(content if sealed else _sealed(content))
    parts = archive.read(file, READER, KEY, trust=trust).parts
    return read_manifest(parts.pop(archive.MANIFEST), parts)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """Else the refusals below would prove nothing."""
    assert _read(tmp_path / "a.archive", _tar(_whole())).slug == "acme"


BROKEN: dict[str, tuple[bytes, str]] = {
    "a way out": (_tar([*_whole(), (_member("../x"), b"x")]), r"'\.\./x' in it is no plain file"),
    "an absolute path": (_tar([*_whole(), (_member("/etc/x.y"), b"x")]), "no plain file"),
    "a symlink": (_tar([*_whole(), (_member("a.sql", tarfile.SYMTYPE, "/etc/passwd"), b"")]), "'a.sql' in it is no"),
    "a hard link": (_tar([*_whole(), (_member("a.sql", tarfile.LNKTYPE, "tenant.yaml"), b"")]), "'a.sql' in it is no"),
    "a device": (_tar([*_whole(), (_member("a.sql", tarfile.CHRTYPE), b"")]), "'a.sql' in it is no plain file"),
    "a second manifest": (_tar([*_whole(), (_member("manifest.json"), _manifest({}))]), "manifest.json is in it twice"),
    "no manifest": (_tar(_whole()[1:]), "no manifest.json"),
    "a part more": (_tar([*_whole(), (_member("more.sql"), b"x")]), "it should hold"),
    "a part less": (_tar(_whole()[:-1]), "it should hold"),
    "another content": (_tar(_whole({**PARTS, "database.sql": b"SELECT 2;\n"})), "database.sql: its checksum is"),
    "a newer format": (_tar(_whole(format=2)), "format: 2 is not known here"),
    "no format": (_tar([(_member("manifest.json"), b"[]")]), "format: None is not known"),
    "an unknown key": (_tar(_whole(more=1)), "manifest.json: more"),
    "no tar": (b"hello", "no plain tar"),
    "a torn tar": (_tar(_whole())[:-9000], "cut off"),
    "a compressed tar": (gzip.compress(_tar(_whole())), "no plain tar"),
    "a part that no archive has": (_tar(_whole({**PARTS, "x.sql": b""}, PARTS_TOLD)), "and no other"),
    "something behind the end": (_tar(_whole()) + b"x" * 512, "hidden behind its end"),
    "more room behind the end than any tool makes": (_tar(_whole()) + bytes(1 << 17), "hidden behind its end"),
    "something between two files": (_hidden(_tar(_whole())), "hidden behind it"),
    "a sparse file": (_tar([*_whole(), (_member("a.sql", tarfile.GNUTYPE_SPARSE), b"x")]), "no plain file"),
    "an extended header": (_tar([*_whole(), (_member("a.sql", tarfile.XHDTYPE), b"x")]), "no plain file"),
    "a size in base 256": (_changed(_tar(_whole()), 124, b"\x80" + bytes(3) + b"\x7f" * 8), "no plain number"),
    "a negative size": (_changed(_tar(_whole()), 124, b"-0000000001\0"), "no plain number"),
    "a size beyond the end": (_changed(_tar(_whole()), 124, b"77777777777\0"), "cut off before"),
    "a header's checksum": (_changed(_tar(_whole()), 100, b"7"), "checksum of its header"),
    "a prefix of a path": (_changed(_tar(_whole()), 345, b"../.."), "no plain file"),
    "many files": (_tar([(_member(f"a{n}.sql"), b"") for n in range(99)]), "more than 16"),
    "a manifest nested deep": (_tar([(_member("manifest.json"), b"[" * 100_000)]), "format: None"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_whole_archive_is_refused_with_a_mend(tmp_path: Path, what: str) -> None:
    """Whoever has the recipients' public keys can make a file that opens: what is in it is judged, and never a path."""
    content, handed = BROKEN[what]
    with pytest.raises(ArchiveBroken, match=handed) as raised:
        _read(tmp_path / "a.archive", content)
    assert "Fix: " in str(raised.value)


def test_a_changed_or_torn_file_and_another_key_are_refused(tmp_path: Path) -> None:
    """Every byte counts."""
    sealed = _sealed(_tar(_whole()))
    for index in (*range(0, 700, 11), len(sealed) // 2, len(sealed) - 1):
        changed = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(ArchiveBroken, match=r"a\.archive: .*Fix: "):
            _read(tmp_path / "a.archive", changed, sealed=True)
    other = pyrage.encrypt(b"x", [pyrage.x25519.Identity.generate().to_public()])
    for content in (
        sealed[:-20],
        sealed[:40],
        b"",
        signed(KEY, STATEMENT, other),
        signed(KEY, STATEMENT, b"no age file"),
    ):
        with pytest.raises(ArchiveBroken, match=r"a\.archive: .*Fix: "):
            _read(tmp_path / "a.archive", content, sealed=True)


def test_what_opens_proves_no_sender(tmp_path: Path) -> None:
    """Whoever knows the recipients' public keys can encrypt to them: unsigned, by another key, for another purpose, or
    with another size than was signed, it is refused before it is decrypted; and no message tells what to type.
    """
    plain = pyrage.encrypt(_tar(_whole()), [IDENTITY.to_public()])
    for content, expected in (
        (plain, "it is not signed"),
        (_sealed(_tar(_whole()), OTHER_KEY), "not signed by anybody who is trusted"),
        (_sealed(_tar(_whole()), purpose="proof"), "not signed by anybody who is trusted"),
        (_sealed(_tar(_whole()), plain_size=5), "and 5 are told"),
    ):
        with pytest.raises(ArchiveBroken, match=expected) as refused:
            _read(tmp_path / "a.archive", content, sealed=True)
        assert hashlib.sha256(content).hexdigest() not in str(refused.value)


def test_one_from_elsewhere_is_taken_with_its_checksum_alone(tmp_path: Path) -> None:
    """Unsigned, as archives were, or signed by another keyring; with another checksum it is another file."""
    for content in (
        pyrage.encrypt(_tar(_whole()), [IDENTITY.to_public()]),
        _sealed(_tar(_whole()), OTHER_KEY),
    ):
        right = hashlib.sha256(content).hexdigest()
        assert _read(tmp_path / "a.archive", content, sealed=True, trust=right).slug == "acme"
        with pytest.raises(ArchiveBroken, match="it is another file"):
            _read(tmp_path / "a.archive", content, sealed=True, trust=right[:-1] + "x")


def test_there_must_be_room_before_anything_is_written_or_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the disk for a new one; in memory for one that is opened, before it is read."""
    recipient = cast(Any, SimpleNamespace(key=lambda where: IDENTITY.to_public()))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(ArchiveBroken, match=r"100 are free.*make room"):
        archive.write(tmp_path / "b.archive", PARTS, (recipient,), KEY, STATEMENT)
    assert not (tmp_path / "b.archive").exists()
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=100))
    monkeypatch.setattr("tenants.archive.file.raw", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ArchiveBroken, match="more memory"):
        _read(tmp_path / "a.archive", _tar(_whole()))
