"""Secrets for simulated runs: of the right shape, made once for each sandbox, worth nothing anywhere else."""

from __future__ import annotations

import json
import secrets
import string
from pathlib import Path
from typing import Any

from settings import ExpectedSecret, Settings, expected_secrets

_LETTERS = string.ascii_letters + string.digits


def throw_away_secrets(settings: Settings, host_keys: dict[str, Path]) -> str:
    """The JSON text for `smarteros:secrets`. `host_keys`: host name → file with the private key that its
    sandbox knows.
    """
    found: dict[str, Any] = {}
    for expected in expected_secrets(settings):
        value = _value(expected, host_keys)
        if len(expected.path) == 1:
            found[expected.path[0]] = value
        else:
            found.setdefault(expected.path[0], {})[expected.path[1]] = value
    return json.dumps(found)


def _value(expected: ExpectedSecret, host_keys: dict[str, Path]) -> str:
    if expected.kind == "openssh_private_key":
        return host_keys[expected.path[-1]].read_text()
    return "aA1" + "".join(secrets.choice(_LETTERS) for _ in range(37))
