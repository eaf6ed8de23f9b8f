"""What restic says when something is wrong, as errors that name the store, the reason and the way out.

From 0.17 on its exit codes tell some of them apart (10: no repository, 11: locked, 12: wrong password; restic,
doc/075_scripting.rst); before, its words do.
"""

from __future__ import annotations

import re

from kept.operator_error import OperatorError

__all__ = [
    "NoRepository",
    "RepositoryDamaged",
    "RepositoryLocked",
    "ResticFailed",
    "ResticMissing",
    "StoreUnreachable",
    "WrongPassword",
    "problem_of",
]


class ResticMissing(OperatorError):
    """The program is not there, or too old."""


class ResticFailed(OperatorError):
    """restic could not do what it was asked."""


class WrongPassword(ResticFailed):
    """The keyring's password opens no key of the repository."""


class NoRepository(ResticFailed):
    """There is no repository at that place."""


class RepositoryLocked(ResticFailed):
    """Another run has it for itself."""


class RepositoryDamaged(ResticFailed):
    """What is stored is not what was written, or is not there any more."""


class StoreUnreachable(ResticFailed):
    """The store does not answer, refuses the keys, or is full."""


_PASSWORD = re.compile("wrong password or no key found", re.I)
_NONE = re.compile("is there a repository at|unable to open config file|bucket.* does not exist", re.I)
_LOCKED = re.compile("repository is already locked|unable to create lock", re.I)
_DAMAGED = re.compile(
    "ciphertext verification failed|pack id does not match|hash mismatch|does not match|not found in index|"
    "repository contains errors|load\\(<data/|file does not exist|<data/[0-9a-f]+> does not exist|invalid data|"
    "blob .* not found|unexpected EOF|key does not exist|wrong hash",
    re.I,
)
_GONE = re.compile(
    "connection refused|no such host|timed out|timeout|i/o timeout|service ?unavailable|slow ?down|too many requests|"
    "internal ?error|access ?denied|invalidaccesskeyid|signaturedoesnotmatch|forbidden|insufficient|no space left|"
    "\\b50[0-9] |\\b429\\b|unreachable|reset by peer|expired",
    re.I,
)
_ADDRESS = re.compile(r"\b(?:s3|azure|https?):\S+")


def problem_of(store: str, code: int, said: str) -> ResticFailed:
    """The error for what restic said with an exit code."""
    words = _last_words(said)
    said = _ADDRESS.sub("", said)  # a port or a bucket's name may look like anything
    if code == 12 or _PASSWORD.search(said):
        return WrongPassword(
            f"store {store}: the password of the keyring (shared/resticPassword) does not open the repository. "
            "Nothing was touched. Fix: the keyring with which it was made: git log -- keyring.age, then "
            "git checkout COMMIT -- keyring.age; a password that is lost loses these backups"
        )
    if code == 11 or _LOCKED.search(said):
        return RepositoryLocked(
            f"store {store}: another run has the repository for itself ({words}). Fix: the same command again when "
            "that has ended; of a run that was killed, the lock goes by itself after half an hour"
        )
    if code == 10 or (_NONE.search(said) and not _GONE.search(said)):
        return NoRepository(
            f"store {store}: there is no repository: {words}. Fix: ./smos backup all makes one; or "
            "smarteros:backups/stores names another bucket or folder than the backups are in"
        )
    if _DAMAGED.search(said) and not _GONE.search(words):
        return RepositoryDamaged(
            f"store {store}: what is stored is damaged or missing: {words}. Nothing of it was used. Fix: another "
            "backup (./smos backups), or another store's; the repository: docs/backups.md, A damaged repository"
        )
    if code == -1 or _GONE.search(said):
        return StoreUnreachable(
            f"store {store}: it does not answer, or refuses: {words}. Fix: its address and keys "
            f"(external/backupStoreAccessKeyIds/{store}), its status page; then the same command again"
        )
    return ResticFailed(f"store {store}: restic: {words}. Fix: docs/backups.md, When restic fails")


def _last_words(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("{")]
    fatal = [line for line in lines if line.lower().startswith(("fatal", "error"))]
    return " / ".join((fatal or lines)[-2:])[:500] or "it said nothing"
