"""An older archive than one that was seen, or one that was imported, is put back only when it is meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from age_keyring.signing import Statement
from tenants.archive.manifest import ArchiveBroken
from tenants.archive.serials import Serials

STATEMENT = Statement(purpose="archive", stack="prod", subject="acme", made="2026-01-31T12:00:00Z", serial=7, signer="")


def test_an_older_archive_or_one_that_was_imported_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    """By its number, which is above all before it; for each tenant and environment apart."""
    serials = Serials(tmp_path)
    first = serials.next("prod", "acme")
    old, new = replace(STATEMENT, serial=first), replace(STATEMENT, serial=first + 1)
    serials.saw(old)
    serials.refuse_old(old, None)
    serials.saw(new)
    assert serials.next("prod", "acme") > new.serial
    with pytest.raises(ArchiveBroken, match=f"older than {new.serial}.*--serial {old.serial}"):
        serials.refuse_old(old, None)
    serials.refuse_old(old, old.serial)
    with pytest.raises(ArchiveBroken, match=f"not {old.serial}"):
        serials.refuse_old(new, old.serial)
    serials.refuse_old(new, None)
    serials.saw(new, imported=True)
    with pytest.raises(ArchiveBroken, match="imported already"):
        Serials(tmp_path).refuse_old(new, None)
    serials.refuse_old(new, new.serial)
    for other in (replace(old, stack="backup"), replace(old, subject="acme-2")):
        serials.refuse_old(other, None)
    for damage in ("{", "[]", '{"prod/acme": 1}', '{"prod/acme": {"newest": "x", "imported": []}}'):
        serials.file.write_text(damage)
        with pytest.raises(ArchiveBroken, match=r"serials\.json.*Fix: remove it"):
            serials.refuse_old(new, None)
