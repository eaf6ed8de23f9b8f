"""What is copied to a host, and where to: what every host has there already, and what can't be made there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.values import Props, Value

__all__ = ["is_a_folder", "place_fault", "source_fault"]

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET, _ARCHIVE = "c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"
"""github.com/pulumi/pulumi sdk/go/common/resource/sig."""
_CONTENTS = {_ASSET: ("text", "path", "uri"), _ARCHIVE: ("path", "uri", "assets")}
_ARCHIVES = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")
_FOLDERS_TEXT = """
. .. .ssh / /bin /boot /dev /etc /etc/ssh /etc/ssl /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp
/usr /usr/bin /usr/lib
/usr/local /usr/local/bin /usr/local/etc /usr/local/lib /usr/local/sbin /usr/sbin /usr/share /var /var/cache /var/lib
/var/log /var/opt /var/spool /var/tmp
"""
_FOLDERS = frozenset(_FOLDERS_TEXT.split())
"""Of every host (Filesystem Hierarchy Standard 3.0)."""
_FILES_TEXT = """
/dev/null /dev/zero /etc/fstab /etc/group /etc/gshadow /etc/hostname /etc/hosts /etc/os-release /etc/passwd
/etc/profile /etc/resolv.conf /etc/shadow /etc/ssh/sshd_config /etc/sudoers
"""
_FILES = frozenset(_FILES_TEXT.split())
"""Of every host that one can log in to."""
_NAME_MAX, _PATH_MAX = 255, 4096
_OF_THE_KERNEL = re.compile(r"/sys/[^/]+|/proc/(?!(?:sys|irq|self|\d+)/|sysrq-trigger$).+")
"""In which nothing can be made: proc(5), sysfs(5)."""


def _resolved(path: str) -> str:
    normal = posixpath.normpath(path)
    return f"/{normal.lstrip('/')}" if normal.startswith("/") else normal


def is_a_folder(path: str, props: Props) -> bool:
    """Whether a text has no file there to be written to: a folder of every host, or one that is made on the way."""
    source = props.get("source")
    of_text = isinstance(source, Mapping) and source.get("text") is not None
    return of_text and (path.endswith(("/", "/.", "/..")) or _resolved(path) in _FOLDERS)


def place_fault(path: str, props: Props) -> str | None:
    """Why nothing can be written there, in the words of the host."""
    if len(path.encode()) >= _PATH_MAX or any(len(name.encode()) > _NAME_MAX for name in path.split("/")):
        return "file name too long"
    at = _resolved(path)
    parents = {at[:end] for end, letter in enumerate(at) if letter == "/"}
    if parents & _FILES:
        return f"{min(parents & _FILES)} is not a directory"
    if _OF_THE_KERNEL.fullmatch(at):
        return "permission denied: nothing can be made there"
    source = props.get("source")
    if at in _FILES and isinstance(source, Mapping) and source.get("assets") is not None:
        return f"remote path {at} exists but is not a directory"
    return None


def source_fault(value: Value) -> str | None:
    """Why it is no asset or archive with a content: text, a file that is there, an address, or parts."""
    if not isinstance(value, Mapping):
        return f"{type(value).__name__} is neither"
    of = _CONTENTS.get(str(value.get(_SIGNATURE)))
    if of is None:
        return "neither an asset nor an archive"
    if all(value.get(name) is None for name in of):
        return "it has no content"
    uri = value.get("uri")
    if isinstance(uri, str) and uri and urlsplit(uri).scheme not in ("file", "http", "https"):
        return f"unrecognized URI scheme of {uri}"
    path = value.get("path")
    if isinstance(path, str) and path:
        return _path_fault(Path(path), archive=value[_SIGNATURE] == _ARCHIVE)
    return None


def _path_fault(path: Path, archive: bool) -> str | None:
    if not path.exists():
        return f"open {path}: no such file or directory"
    if archive and not path.is_dir() and not path.name.endswith(_ARCHIVES):
        return f"{path} is not an archive ({' '.join(_ARCHIVES)}) and not a folder"
    return None
