"""Finds secrets in texts that anybody reads: by their form, by the name before them, by how random they look.

It answers what kind of thing is there, never what.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

__all__ = ["looks_like_one", "names_a_secret", "said_in_command", "said_in_text"]

_NAME = re.compile(
    r"PASSW(OR)?D|PASSWD|PWD|SECRET|TOKEN|CREDENTIAL|PASSPHRASE|REQUIREPASS|MASTERAUTH"
    r"|(API|PRIVATE|ENCRYPTION|ACCESS|ACCOUNT|SIGNING|MASTER|UNSEAL)_?KEY",
    re.I,
)
_WORDS = frozenset(
    {"pass", "pw", "pin", "salt", "auth", "creds", "signing", "bearer", "authorization", "apikey", "hmac", "sig"}
)
_SAYS_WHERE = re.compile(
    r"(_FILE|_PATH|_URL|_NAME|_ID|_TTL|_ENABLED|_REQUIRED|_TYPE|_HEADER|_MODE|_HOST|_METHOD|_ENCRYPTION|_BOOTSTRAP"
    r"|_(MAX_AGE|EXPIRY)?_?(DAYS|HOURS|MINUTES|SECONDS))$"
    r"|^(OLD)?PWD$",
    re.I,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NEVER_SECRET = re.compile(r"|true|false|yes|no|on|off|none|null|plain|login|peer|scram-sha-256|\d{1,6}", re.I)
_ELSEWHERE = re.compile(r"""["']?([$/<{%@(\\]|-(?!-----)).*""", re.S)
"""A variable, a file, a place to fill in: not the secret itself."""
_CODE = re.compile(r"[A-Za-z_][\w.]*[\[(]")
_LOWER = re.compile(r"[a-z_.]+")
_LOOKS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|PuTTY-User-Key-File|AGE-SECRET-KEY-1|\bhv[sbr]\.[A-Za-z0-9_-]{20}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30}"
    r"|\bgithub_pat_[A-Za-z0-9_]{20}|\bglpat-[A-Za-z0-9_-]{15}|\b(AKIA|ASIA)[A-Z0-9]{16}\b|\b[rs]k_live_[A-Za-z0-9]{16}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30}"
    r"|\bsk-(proj-|ant-)?[A-Za-z0-9_-]{20}|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.|\bAccountKey=[A-Za-z0-9+/]{20}"
    r"|[?&;]sig=[A-Za-z0-9%+/]{16}|\$(2[aby]|apr1|5|6|y)\$[A-Za-z0-9./$]{1,}"
)
_IN_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:(?!\$[{(]\w+[})]@)[^\s/@\"']+@", re.I)
"""scheme://user:password@host; a password that is only the name of a variable is none."""
_HEADER = re.compile(r"\b(Basic|Bearer)\s+(?![$<{])[A-Za-z0-9+/=._-]{8,}|^(Basic|Bearer) \S+$")
_PAIR = re.compile(
    r"""(?P<name>[A-Za-z_][\w.-]{1,60})["']?[ \t]{0,3}(?:=|:(?!//))[ \t]{0,3}"""
    r"""(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s&;,"'}]*)"""
)
_QUERY = re.compile(r"[?&;](?P<name>[A-Za-z_][\w.-]*)=(?P<value>[^\s&;#\"']*)")
_PGPASS = re.compile(r"^[^\s:/]+:\d+:[^\s:]+:[^\s:]+:\S+$", re.M)
_RUN = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_HEX = re.compile(r"(?<![0-9a-zA-Z:])[0-9a-f]{32,}(?![0-9a-zA-Z])")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])")
_RANDOM_BITS = 4.0
_WORD = re.compile(r"[a-z]{5,}|[A-Z]{5,}|[A-Z][a-z]{4,}")
_WITH_PASSWORD = frozenset({"redis-cli", "valkey-cli", "keydb-cli"})
_TIGHT = frozenset({"mysql", "mysqldump", "mariadb", "sshpass", "mongo", "mongosh"})


def names_a_secret(name: str) -> bool:
    """Whether what has this name is a secret, and not only says where one is."""
    if _SAYS_WHERE.search(name):
        return False
    if _NAME.search(name):
        return True
    words = [word.lower() for word in re.split(r"[_.\-]", _CAMEL.sub("_", name)) if word]
    return bool(words) and (
        words[-1] in _WORDS or (words[-1] == "key" and len(words) > 1 and words[-2] in ("api", "private"))
    )


@lru_cache(maxsize=8192)
def looks_like_one(text: str) -> str | None:
    """What is in a text by its form alone; None when nothing is."""
    if _LOOKS.search(text):
        return "holds a key or token"
    if "://" in text and _IN_ADDRESS.search(text):
        return "is an address with a password in it"
    return None


@lru_cache(maxsize=8192)
def said_in_text(text: str) -> str | None:
    """What is in a free text; None when nothing is."""
    found = looks_like_one(text)
    if found:
        return found
    if _HEADER.search(text) or _PGPASS.search(text):
        return "holds a login"
    for pair in (*_PAIR.finditer(text), *_QUERY.finditer(text)):
        name, value = pair["name"], pair["value"]
        if names_a_secret(name.rpartition(".")[2] or name) and _is_given(value) and not _is_code(value):
            return f"says a secret after the name {name}"
    return "holds something random, as secrets are" if _is_random(text) else None


def said_in_command(words: Sequence[str]) -> Iterator[str]:
    """The options of a command whose value is a secret: `--password x`, `-p x`, `-a x`, `-u name:x`."""
    programs = {word.rpartition("/")[2] for word in words}
    for index, word in enumerate(words):
        if not word.startswith("-"):
            continue
        option, is_given, value = word.lstrip("-").partition("=")
        value = value if is_given else words[index + 1] if index + 1 < len(words) else ""
        if _is_secret_option(word, option, value, programs, words[:index]):
            yield option if len(option) > 1 and not word.startswith("-p") else word[:2].lstrip("-")


def _is_secret_option(word: str, option: str, value: str, programs: set[str], before: Sequence[str]) -> bool:
    if word.startswith("-p") and not word.startswith("--") and programs & _TIGHT and len(word) > 2:
        return _is_given(word[2:])
    if not _is_given(value):
        return False
    if option == "p":
        return "mkdir" not in before
    if option == "a":
        return bool(programs & _WITH_PASSWORD)
    if option == "u":
        return bool(re.fullmatch(r"[^\s:/]+:\D\S*", value))
    name = option.replace("-", "_").replace(".", "_")
    return name == "pass" or (word.startswith("--") and names_a_secret(name))


def _is_given(value: str) -> bool:
    plain = value.strip().strip("\"'")
    return not _NEVER_SECRET.fullmatch(plain) and not _ELSEWHERE.fullmatch(plain)


def _is_code(value: str) -> bool:
    """Whether it is what a program reads the secret from, and not the secret."""
    return bool(_CODE.match(value)) or bool(_LOWER.fullmatch(value) and _NAME.search(value))


def _is_random(text: str) -> bool:
    if any(not found.isdigit() for found in _HEX.findall(text)):
        return True
    return any(
        _bits(found) >= _RANDOM_BITS for found in _RUN.findall(text) if _MIXED.match(found) and not _is_written(found)
    )


def _is_written(run: str) -> bool:
    """Whether a long run of signs is made of words, as paths and names are."""
    return sum(map(len, _WORD.findall(run))) * 2 > len(run) or run.startswith("/") or run.count("/") > 2


def _bits(text: str) -> float:
    counted = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counted.values())
