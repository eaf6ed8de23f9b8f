"""Policies mean here what they mean in Vault: one table, asked of the simulated one and of the real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.vault.server.policy import ACL, PolicyError, parse
from tests.sandbox.vault.server.servers import Asked, real, real_binary, simulated

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "policies.yaml").read_text())
VAULTS = ["simulated", *(["real"] if real_binary() is not None else [])]
"""Which Vaults the cases run on: a real one where VAULT_BINARY names its program, or PATH has it
(docs/adr/vault.md).
"""


@pytest.fixture(scope="module", params=VAULTS)
def vault(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A Vault in which nothing is mounted that matters."""
    start = {"simulated": simulated, "real": real}[request.param]
    with start(tmp_path_factory.mktemp("vault")) as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_token_may_what_its_policies_say(vault: Asked, case: dict[str, Any]) -> None:
    """The capabilities of a token with these policies, path by path, as Vault itself tells them."""
    names = [f"case-{index}" for index in range(len(case["policies"]))]
    for name, document in zip(names, case["policies"], strict=True):
        vault.done("PUT", f"sys/policies/acl/{name}", {"policy": document})
    given = vault.done("POST", "sys/capabilities", {"token": vault.token(*names), "paths": list(case["paths"])})
    assert {path: sorted(given["data"][path]) for path in case["paths"]} == case["paths"]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ('path "a" { capabilities = ["write"] }', 'invalid capability "write"'),
        ('path "a/+*" { capabilities = ["read"] }', "'+*' is forbidden"),
        ('path "a" { rights = ["read"] }', 'invalid key "rights"'),
        ('path "a" { policy = "all" }', 'invalid policy "all"'),
        ('path "a" { capabilities = ["read"', "failed to parse policy"),
        ('paths "a" { capabilities = ["read"] }', "failed to parse policy"),
    ],
)
def test_a_wrong_document_is_refused(vault: Asked, document: str, why: str) -> None:
    """With status 400, and words that say where."""
    status, content = vault.ask("PUT", "sys/policies/acl/wrong", {"policy": document})
    assert status == 400
    assert why in content["errors"][0]


def test_some_paths_need_sudo_besides() -> None:
    """The right to write is not enough where root's own things lie."""
    acl = ACL([parse('path "sys/auth/*" { capabilities = ["update"] }')])
    assert acl.allows("update", "sys/auth/approle")
    assert not acl.allows("update", "sys/auth/approle", sudo=True)


def test_what_is_not_simulated_is_refused() -> None:
    """A restriction that nobody checks here would be worse than none."""
    with pytest.raises(PolicyError, match="allowed_parameters is not simulated"):
        parse('path "a" { capabilities = ["update"]\n allowed_parameters = ["x"] }')
