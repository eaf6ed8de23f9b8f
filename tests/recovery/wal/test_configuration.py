"""What Barman is told of a server, and what it is never told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from recovery.wal.archive import WalArchive, WalError, WalSource
from recovery.wal.configuration import configured

PASSWORD = "Passw0rdOfTwentyLettersAndMore"


def test_the_password_is_in_a_file_that_only_its_owner_reads_and_nowhere_else(tmp_path: Path) -> None:
    """Neither in the configuration nor in what is shown of the source."""
    archive = WalArchive(server="vps", folder=tmp_path / "an archive")
    source = WalSource(port=5432, password=PASSWORD)
    file = configured(archive, source)
    text = file.read_text(encoding="utf-8")
    assert PASSWORD not in text + repr(source)
    passwords = archive.folder / "passwords"
    assert passwords.read_text(encoding="utf-8") == f"*:*:*:*:{PASSWORD}\n"
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    assert stat.S_IMODE(archive.folder.stat().st_mode) == 0o700
    assert f"passfile='{passwords}'" in text
    assert "slot_name = smarteros_wal" in text


def test_a_folder_that_libpq_could_not_be_given_is_refused(tmp_path: Path) -> None:
    """With a quote in its name, the rest of the path would be options."""
    archive = WalArchive(server="vps", folder=tmp_path / "it's")
    with pytest.raises(WalError, match="another folder"):
        configured(archive, WalSource(port=5432, password=PASSWORD))
