"""A command run again after a kill at a moment that nobody chose: it ends well, at most once more as its refusal says.

A kill may fall between a vendor's answer and the state of a thing that bears no mark and may hold data. Then the
command takes nothing over unasked, and the operator names it. Nothing else may be refused, and never twice.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.conftest import Clone

__all__ = ["NAMED_BY_THE_OPERATOR", "REFUSED", "to_its_end"]

NAMED_BY_THE_OPERATOR = {
    "azure-native:dbforpostgresql:Database",
    "postgresql:index/database:Database",
    "postgresql:index/schema:Schema",
    "vault:transit/secretBackendKey:SecretBackendKey",
}
"""The types of which that may be said: they hold data, and nothing at the vendor says who made one."""
REFUSED = re.compile(
    r"(?P<name>[\w.-]+) \((?P<token>[\w-]+:[\w/.-]+:\w+)\) exists as .*?, bears no mark and may hold data .*?"
    r"--take-over (?P=name)"
)


def to_its_end(clone: Clone, *command: str) -> subprocess.CompletedProcess[str]:
    """The command, which succeeds: at once, or with what it refused to take over named."""
    done = clone.smos(*command, ok=None)
    if done.returncode == 0:
        return done
    said = done.stdout + done.stderr
    refused = {one["name"]: one["token"] for one in REFUSED.finditer(said)}
    assert refused, said
    assert set(refused) == set(re.findall(r"--take-over ([\w.-]+)", said)), said
    assert set(refused.values()) <= NAMED_BY_THE_OPERATOR, said
    return clone.smos(*command, *(word for name in sorted(refused) for word in ("--take-over", name)))
