"""A volume that came back as a tar: whether each file is as the manifest says, and its files in a folder.

Whoever wrote into a volume chose the names in it. So nothing is unpacked but plain files below the folder, with no
owner and no mode of theirs.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path, PurePosixPath

from kept.operator_error import OperatorError
from recovery.manifest import Part

__all__ = ["differences", "unpack"]

_KINDS = ("volume", "blobs")


class NotUnpacked(OperatorError):
    """A tar that can't be read to its end."""


def differences(part: Part, file: Path) -> list[str]:
    """What is otherwise in it than the manifest says; nothing of a part that is no tar."""
    from recovery.sources.tar_digests import digests_of

    if part.kind not in _KINDS:
        return []
    try:
        with file.open("rb") as content:
            return part.digests.differences(digests_of(content))
    except (tarfile.TarError, OSError) as error:
        raise NotUnpacked(
            f"{part.name}: it is no whole archive ({error}). Fix: another backup (./smos backups)"
        ) from None


def unpack(file: Path, folder: Path) -> None:
    """Its plain files, below a new folder. Raises NotUnpacked."""
    folder.mkdir(mode=0o700)
    try:
        with tarfile.open(file, "r:") as tar:
            for entry in tar:
                name = PurePosixPath(entry.name)
                if not entry.isreg() or name.is_absolute() or ".." in name.parts:
                    continue
                target = folder.joinpath(*name.parts)
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                source = tar.extractfile(entry)
                if source is not None:
                    with source, target.open("xb") as out:
                        shutil.copyfileobj(source, out)
    except (tarfile.TarError, OSError) as error:
        raise NotUnpacked(
            f"{file.name}: it can't be unpacked ({error}). Fix: another backup (./smos backups)"
        ) from None
