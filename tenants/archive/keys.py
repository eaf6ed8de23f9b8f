"""The tenant's keys in Redis, as Redis itself writes them, and back: also below another prefix."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import redis

from tenants.archive.manifest import ArchiveBroken
from tenants.names import TenantNames
from tenants.platform import Redis

__all__ = ["TenantKeys"]

BATCH = 500


class TenantKeys:
    """What stands below one prefix, by the forward on this machine, as the user that makes tenants' users."""

    def __init__(self, server: Redis, password: str, names: TenantNames) -> None:
        self._client: Any = redis.Redis(
            host="127.0.0.1", port=server.local_port, username=server.login, password=password, socket_timeout=30
        )
        self._prefix = names.redis_prefix.encode()

    def dump(self) -> bytes:
        """Every key with its value and the milliseconds that it still lives (0: for ever), one a line."""
        lines = []
        for key in sorted(self._keys()):
            value, lives_ms = self._client.dump(key), self._client.pttl(key)
            if value is None:  # it has just ended
                continue
            name = key.removeprefix(self._prefix)
            lines.append(json.dumps([_text(name), _text(value), max(0, int(lives_ms))]))
        return "".join(f"{line}\n" for line in lines).encode()

    def restore(self, content: bytes) -> None:
        """Puts them back; what is there by the same name is replaced."""
        for line in content.decode().splitlines():
            name, value, lives_ms = json.loads(line)
            key = self._prefix + base64.b64decode(name)
            try:
                self._client.restore(key, lives_ms, base64.b64decode(value), replace=True)
            except redis.ResponseError as error:
                raise ArchiveBroken(f"redis.jsonl: a key could not be put back: {error}") from None

    def content(self) -> tuple[int, str]:
        """How many, and a checksum over names and values."""
        return checksum(self.dump())

    def _keys(self) -> list[bytes]:
        pattern = self._prefix + b"*"
        return list(self._client.scan_iter(match=pattern, count=BATCH))


def checksum(content: bytes) -> tuple[int, str]:
    """Of a dump: the time that a key still lives does not count."""
    found, lines = hashlib.sha256(), content.decode().splitlines()
    for line in lines:
        name, value, _ = json.loads(line)
        found.update(f"{name} {value}\n".encode())
    return len(lines), found.hexdigest()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
