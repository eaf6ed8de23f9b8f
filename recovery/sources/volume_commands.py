"""What is run on a host to read a volume, to fill one beside what is in it, and to give that its place.

Each is one `docker run --rm` of an image that the host has anyway and that has GNU tar and coreutils (the database's,
which is Debian), without a network, with the volume alone. A restore lies in the volume itself, in a folder whose name
begins with `.smos-`: on the same disk, so that a rename gives it its place, and never in a backup.

Numbers, not names, say whose a file is: the host's users are not the image's. `tar` as root keeps them and the modes,
and GNU's format keeps names of any length; times are kept to the second.
"""

from __future__ import annotations

import re
import shlex

from settings.images import Image

__all__ = ["ASIDE", "HELPER", "SWAP", "exists", "pack", "remove", "size", "swap", "unpack"]

HELPER = "postgres"
"""Which of the platform's images has the tools."""
ASIDE = ".smos-"
"""How the folders of restores begin, at the top of a volume."""
_MOUNT = "/volume"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,199}")
_RIGHTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID")
"""What root needs to write files that are others', and to read them."""

_UNPACK = """
set -eu
umask 077
rm -rf -- "$1.part" "$1"
mkdir -- "$1.part"
tar --extract --file=- --numeric-owner --same-owner --same-permissions --delay-directory-restore --directory="$1.part"
mv -T -- "$1.part" "$1"
"""
"""Under its name it is whole; a killed one left `.part`, which is removed by the next."""

SWAP = """
set -eu
umask 077
cd /volume
if [ ! -d "$1" ]; then
  rm -f -- "$2.out"
  [ -d "$2" ]
  exit 0
fi
mkdir -p -- "$2"
if [ ! -e "$2.out" ]; then
  find . -mindepth 1 -maxdepth 1 ! -name '.smos-*' -exec mv -t "$2" -- {} +
  : > "$2.out"
fi
find "$1" -mindepth 1 -maxdepth 1 -exec mv -t . -- {} +
chown --reference="$1" .
chmod --reference="$1" .
rmdir -- "$1"
rm -f -- "$2.out"
"""
"""All that is there out, then all that came back in. Killed in between, the same goes on: what has moved has moved, and
`.out` says that what is at the top is no longer what was.
"""


def exists(volume: str) -> str:
    """Answers the volume's name; fails where there is none. Asked first: Docker makes a volume that is not there."""
    return f"docker volume inspect --format '{{{{.Name}}}}' {shlex.quote(volume)}"


def pack(image: Image, volume: str, below: str = "") -> str:
    """Writes the volume as a tar; `below`: a restore that lies in it, by its name."""
    folder = f"{_MOUNT}/{_aside(below)}" if below else _MOUNT
    return _run(
        image,
        volume,
        "tar",
        *("--create", "--file=-", "--format=gnu", "--sort=name", "--numeric-owner", "--anchored"),
        *(f"--exclude=./{ASIDE}*", f"--directory={folder}", "."),
        readonly=True,
    )


def size(image: Image, volume: str) -> str:
    """Answers how many bytes are in it."""
    return _run(image, volume, "du", "--summarize", "--bytes", _MOUNT, readonly=True)


def unpack(image: Image, volume: str, name: str) -> str:
    """Reads such a tar into the volume, beside what is in it, under a name. What a killed one left goes first."""
    return _script(image, volume, _UNPACK, f"{_MOUNT}/{_aside(name)}")


def swap(image: Image, volume: str, name: str, old: str) -> str:
    """Gives what lies beside under a name the volume's place; what was there lies beside under `old` then."""
    return _script(image, volume, SWAP, _aside(name), _aside(old))


def remove(image: Image, volume: str, name: str) -> str:
    """Removes what lies beside under a name."""
    aside = _aside(name)
    return _run(image, volume, "rm", "-rf", "--", *(f"{_MOUNT}/{aside}{end}" for end in ("", ".out", ".part")))


def _aside(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a restore")
    return f"{ASIDE}{name}"


def _script(image: Image, volume: str, script: str, *arguments: str) -> str:
    return _run(image, volume, "sh", "-c", script, "restore", *arguments, interactive=True)


def _run(
    image: Image, volume: str, program: str, *arguments: str, readonly: bool = False, interactive: bool = False
) -> str:
    mount = f"type=volume,source={volume},target={_MOUNT}{',readonly' if readonly else ''}"
    rights = [word for one in _RIGHTS for word in ("--cap-add", one)]
    return shlex.join(
        [
            *("docker", "run", "--rm", "--network", "none", "--read-only", "--user", "0:0"),
            *("--cap-drop", "ALL", *rights, *(["--interactive"] if interactive else [])),
            *("--mount", mount, "--entrypoint", program, image.reference, *arguments),
        ]
    )
