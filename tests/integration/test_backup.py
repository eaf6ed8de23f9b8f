"""`backup` comes up from a clone and a keyring alone, beside `prod`, and reads what was written with that keyring."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from age_keyring import Identity, Keyring, Recipient
from tests.integration.conftest import Clone
from tests.n8n_format import opened, sealed

pytestmark = pytest.mark.slow

KEY = "Throw4wayThrow4wayThrow4wayN8n"
CREDENTIAL = '{"apiKey":"not-a-real-one"}'


def with_keyring(clone: Clone) -> Clone:
    """The clone with a keyring from elsewhere: what is left after everything else was lost."""
    clone.home.folder.mkdir(parents=True, mode=0o700)
    identity = Identity.make(clone.home.key)
    keyring = Keyring.create(clone.home.keyring, [Recipient(identity.public[0], "operator")], identity)
    keyring.put("shared/n8nEncryptionKey", KEY)
    keyring.save()
    return clone


def facts(clone: Clone, *command: str) -> dict[str, Any]:
    """What one command of `./smos` tells as JSON."""
    report = json.loads(clone.smos(*command, "--json").stdout.splitlines()[-1])
    assert isinstance(report, dict)
    return report


def texts(value: Any) -> Iterator[str]:
    """Every text of an exported state, secrets included."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value
        if value.startswith(("{", "[", '"')):
            with contextlib.suppress(ValueError):
                yield from texts(json.loads(value))


def state_of(clone: Clone, stack: str) -> dict[str, dict[str, Any]]:
    """The inputs of every resource in the state, by name, secrets shown."""
    state = json.loads(clone.shell(f"pulumi stack export --show-secrets --stack {stack}").stdout)
    clone.said.clear()
    return {one["urn"].rpartition("::")[2]: one.get("inputs", {}) for one in state["deployment"]["resources"]}


def test_backup_comes_up_from_the_keyring_alone_beside_prod(fresh: Clone) -> None:
    """Backup first, with nothing of prod there; then prod beside it; neither changes the other, nor anything again."""
    clone = with_keyring(fresh)
    assert facts(clone, "up", "backup", "--yes")["changes"] > 40
    assert not [one for one in clone.inventory() if "azure" in one["token"]]
    assert facts(clone, "up", "prod", "--yes")["changes"] > 80
    assert [facts(clone, "preview", stack)["changes"] for stack in ("backup", "prod")] == [0, 0]

    prod, backup = state_of(clone, "prod"), state_of(clone, "backup")
    in_vault = json.loads(prod["n8n-secret-n8n-encryption-key"]["properties"]["value"]["plaintext"])
    (line,) = {text for text in texts(backup["n8n-container"]) if text.startswith("N8N_ENCRYPTION_KEY=")}
    given = line.partition("=")[2]
    assert opened(sealed(CREDENTIAL, in_vault), given) == CREDENTIAL
    assert opened(sealed(CREDENTIAL, KEY), given) == CREDENTIAL

    name, wildcard = backup["n8n-name"], prod["dns-any.smarterbot.cl"]
    assert (name["name"], name["content"]) == ("n8n-standby.smarterbot.cl", "203.0.113.20")
    assert (wildcard["name"], wildcard["content"]) == ("*.smarterbot.cl", "203.0.113.10")
