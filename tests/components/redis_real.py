"""The Redis that prod declares, as a real one: its command, files and health check, with the passwords of a test."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import redis

from components.services.redis_users import users_file
from sandbox.redis.server.process import ADDRESS, RedisProcess, Startup
from settings.redis_commands import OWN_KEYS
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import platform, resolved

__all__ = [
    "AUDITOR",
    "MAKER",
    "PASSWORDS",
    "ask",
    "client",
    "earlier_tenant",
    "ears",
    "files",
    "refused",
    "start",
    "startup",
]

ACCESS = SmarterOSServices.redis_access()
PASSWORDS = {
    user: f"{user}Passw0rd"
    for user in ("n8n", "chatwoot", "botpress", "mcp", "other", "health", "operator", "provisioner")
}
"""One of each service that has rules of its own, one of a service that has none, and those of operators."""

AUDITOR_PASSWORD = "auditorPassw0rd"
AUDITOR = f"user auditor on >{AUDITOR_PASSWORD} resetchannels -@all +acl|log +client\n"
"""A user of tests, who reads what was refused."""
MAKER_PASSWORD = "makerPassw0rd"
MAKER = f"user maker on >{MAKER_PASSWORD} resetchannels -@all +acl|setuser +acl|save\n"
"""A user of tests, who makes users as tenants had them here before each has a Redis of its own."""


@cache
def _declared() -> dict[str, dict[str, Any]]:
    return {one.name: resolved(one.inputs) for one in platform() if one.custom and one.name.startswith("redis-")}


def files() -> dict[str, str]:
    """The secret files of the container that prod declares: name → content."""
    uploads = _declared()["redis-secrets-loader"]["uploads"]
    return {str(upload["file"]).rsplit("/", 1)[1]: str(upload["content"]) for upload in uploads}


def startup(folder: Path, passwords: Mapping[str, str], config: str | None = None, more_users: str = "") -> Startup:
    """What the container of prod is told, with other passwords, and perhaps with users of a test's own."""
    container = _declared()["redis-container"]
    secrets = {
        **files(),
        "users.acl": users_file(passwords, ACCESS) + more_users,
        "health-password": passwords["health"],
    }
    if config is not None:
        secrets["redis.conf"] = config
    return Startup(
        command=container["entrypoints"],
        health=container["healthcheck"]["tests"],
        mounts={"/data": folder / "data", "/run/secrets": folder / "secrets"},
        files={f"/run/secrets/{name}": content for name, content in secrets.items()},
    )


def start(
    folder: Path, passwords: Mapping[str, str] = PASSWORDS, config: str | None = None, more_users: str = ""
) -> RedisProcess:
    """A running one; who starts it closes it."""
    return RedisProcess(folder, startup(folder, passwords, config, more_users))


def refused(server: RedisProcess) -> list[str]:
    """What Redis has refused so far to anybody, by its own log: clients hide it. The server has `AUDITOR`."""
    log = ask(client(server, "auditor", AUDITOR_PASSWORD), "ACL", "LOG")
    facts = [dict(zip(entry[::2], entry[1::2], strict=True)) if isinstance(entry, list) else entry for entry in log]
    return [f"{one['username']}: {one['reason']} {one['object']}" for one in facts]


def client(server: RedisProcess, user: str, password: str | None = None) -> redis.Redis:
    """A connection of one of its users."""
    return redis.Redis(
        host=ADDRESS,
        port=server.port,
        username=user,
        password=password or PASSWORDS[user],
        decode_responses=True,
    )


def ask(client: redis.Redis, *words: str) -> Any:
    """What it answers to a command."""
    return client.execute_command(*words)  # type: ignore[no-untyped-call] # the client has no types here


def ears(client: redis.Redis) -> Any:
    """A connection that subscribes."""
    return client.pubsub()  # type: ignore[no-untyped-call] # the client has no types here


def earlier_tenant(server: RedisProcess, user: str, password: str) -> None:
    """A tenant's user as states of before have it; the server has `MAKER`."""
    maker = client(server, "maker", MAKER_PASSWORD)
    reach = ("reset", "resetchannels", "on", f">{password}", f"~{user}:*", f"&{user}:*")
    ask(maker, "ACL", "SETUSER", user, *reach, "-@all", *OWN_KEYS.split(), "-select")
    ask(maker, "ACL", "SAVE")
