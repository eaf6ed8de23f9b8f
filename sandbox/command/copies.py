"""What is copied to a host, and where to: what every host has there already, and what can't be made there.

The provider is the one of the SDK in requirements.in (1.2.1): it takes texts, files, archives' files and folders. What
comes by an address, and archives made of parts, are of later ones.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.command.hosts import FILES, FOLDERS, OF_PREPARED_HOSTS, WRITABLE
from sandbox.core.values import Value

__all__ = ["Source", "place_fault", "source_fault", "source_of"]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET, _ARCHIVE = "c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"
"""github.com/pulumi/pulumi sdk/go/common/resource/sig."""
_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")
_NAME_MAX, _PATH_MAX = 255, 4096
_OF_THE_KERNEL = re.compile(
    r"/sys/(?!power/[^/]+$|kernel/(?:uevent_helper|profiling|kexec_\w+)$|(?:block|bus|class|dev|devices|firmware|fs|"
    r"hypervisor|kernel|module)/[^/]+/.).+"
    r"|/proc/(?!(?:sys|irq)/.|self/(?:comm|coredump_filter|oom_score_adj)$|sysrq-trigger$).+"
)
"""In which nothing can be made: proc(5), sysfs(5). What may be there already is left out."""


@dataclass(frozen=True)
class Source:
    """What is copied: a text (no path), a file, or a folder, of which `/` at the end means what is in it."""

    path: str
    is_folder: bool

    @property
    def name(self) -> str:
        """What it is called in a folder that it is copied into; nothing for a text, and for what is in a folder."""
        return "" if self.path.endswith("/") else posixpath.basename(self.path)


def source_of(value: Value) -> Source:
    """The source of a copy, of which `source_fault` finds nothing to say."""
    path = str(value.get("path") or "") if isinstance(value, Mapping) else ""
    return Source(path=path, is_folder=bool(path) and Path(path).is_dir())


def source_fault(value: Value) -> str | None:
    """Why the provider takes it for nothing that can be copied, or the engine can't reckon its digest before."""
    if not isinstance(value, Mapping) or value.get(_SIGNATURE) not in (_ASSET, _ARCHIVE):
        return "either asset or archive must be set"
    archive = value[_SIGNATURE] == _ARCHIVE
    for name in ("hash", "text", "path", "uri"):
        if value.get(name) is not None and not isinstance(value[name], str):
            return f"unexpected {'archive' if archive else 'asset'} {name} of type {type(value[name]).__name__}"
    path = value.get("path")
    if path:
        return _path_fault(Path(path), archive)
    if archive:
        return "archive must be a path to a file or directory"
    return "asset must be a path-based file asset or a text asset" if value.get("uri") else None


def _path_fault(path: Path, archive: bool) -> str | None:
    try:
        if not path.exists():
            return f"open {path}: no such file or directory"
        is_folder = path.is_dir()
    except (OSError, ValueError) as error:
        return f"open {path}: {error}"
    if is_folder and not archive:
        return f"asset path {path} is a directory; try using an archive"
    if archive and not is_folder and not path.name.endswith(_ARCHIVES):
        return f"{path} is neither a recognized archive type ({' '.join(_ARCHIVES)}) nor a directory"
    return None


def _resolved(path: str) -> str:
    normal = posixpath.normpath(path)
    return f"/{normal.lstrip('/')}" if normal.startswith("/") else normal


def place_fault(path: str, source: Source, user: str, prepared: bool) -> str | None:
    """Why the host's SFTP server can't write it there, in its words. `prepared`: whether Docker is on the host."""
    if not path or "\0" in path:
        return "no such file"
    if len(path.encode()) >= _PATH_MAX or any(len(name.encode()) > _NAME_MAX for name in path.split("/")):
        return "file name too long"
    at, folders = _resolved(path), FOLDERS | (OF_PREPARED_HOSTS if prepared else frozenset())
    parents = {at[:end] for end, letter in enumerate(at) if letter == "/"}
    if parents & FILES or (at in FILES and path.endswith(("/", "/."))):
        return f"{min((parents & FILES) or {at})} is not a directory"
    if at in FILES and source.is_folder:
        return f"remote path {at} exists but is not a directory"
    if at not in folders and not source.is_folder and path.endswith(("/", "/.", "/..")):
        return f"failed to create remote file {path}: it is a folder, made on the way"
    if at in folders and not source.path:
        return f"remote path {at} is a directory; when using a text asset, remotePath must be a file path"
    into = at in folders or source.is_folder
    return _refused_at(posixpath.join(at, source.name) if into and source.name else at, user)


def _refused_at(at: str, user: str) -> str | None:
    if _OF_THE_KERNEL.fullmatch(at) or at in ("/proc", "/sys"):
        return "permission denied: nothing can be made there"
    if at == "/dev/full":
        return "no space left on device"
    closed = at in FILES - WRITABLE or at == "/root" or at.startswith("/root/")
    return "permission denied" if user != "root" and closed else None
