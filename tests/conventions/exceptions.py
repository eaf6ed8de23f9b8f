"""What does not keep a rule yet, each with its reason. The tests compare this with what they find: an entry that is not
needed any more fails, so the lists only grow shorter; a size is what it may have at most.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["LONG_FUNCTIONS", "LONG_MODULES", "OTHER_ERRORS", "UPWARDS", "WITHOUT_ALL", "WITHOUT_DOCSTRING"]

UPWARDS: Mapping[str, str] = {
    "scaffold.kinds -> cli.commands": "a command is one line there: which there are is asked of the table itself",
}
"""Importing module -> the one above it."""

LONG_MODULES: Mapping[str, tuple[int, str]] = {
    "sandbox/azure/types/environment/environment.py": (309, "its rules are to be cut by subject"),
    "sandbox/azure/types/network/endpoint.py": (327, "its rules are to be cut by subject"),
    "sandbox/azure/types/network/networks.py": (368, "its rules are to be cut by subject"),
    "sandbox/cloudflare/types/saas.py": (303, "its rules are to be cut by subject"),
    "sandbox/docker/types/container/host.py": (324, "its rules are to be cut by subject"),
    "sandbox/postgresql/types/grant.py": (342, "its rules are to be cut by subject"),
    "sandbox/postgresql/types/role.py": (358, "its rules are to be cut by subject"),
    "sandbox/tls/types/certificates.py": (302, "its rules are to be cut by subject"),
    "tests/components/test_local.py": (378, "to be cut by subject"),
    "tests/isolation/test_end_of_life.py": (362, "to be cut by subject"),
    "tests/isolation/test_postgres.py": (321, "to be cut by subject"),
    "tests/age_keyring/test_keyring.py": (305, "to be cut by subject"),
    "tests/policy/mutations/of_tenants.py": (378, "to be cut by subject"),
    "tests/tenants/test_domain_check.py": (397, "to be cut by subject"),
    "tests/tenants/test_fuzz.py": (350, "to be cut by subject"),
    "tests/tenants/test_residue.py": (392, "to be cut by subject"),
    "tests/test_accounts.py": (327, "to be cut by subject"),
    "tests/test_settings.py": (349, "to be cut by subject"),
}

LONG_FUNCTIONS: Mapping[str, tuple[int, str]] = {
    "components/placements/azure/app.py:__init__": (42, "one resource, field by field"),
    "components/placements/azure/platform.py:__init__": (48, "one resource, field by field"),
    "components/placements/azure/redis.py:__init__": (41, "one resource, field by field"),
    "components/placements/azure/storage.py:__init__": (50, "one resource, field by field"),
    "components/placements/azure/template.py:template": (43, "one resource, field by field"),
    "components/placements/azure/vault.py:__init__": (41, "one resource, field by field"),
    "components/placements/docker/container.py:__init__": (51, "one resource, field by field"),
    "components/placements/docker/secret_files.py:secret_files": (42, "one resource, field by field"),
    "components/services/n8n.py:_workload": (63, "one workload, field by field"),
    "components/services/postgres.py:__init__": (49, "one workload, field by field"),
    "deploy/take_over.py:take_over": (44, "to be cut"),
    "sandbox/azure/types/containerapp/template.py:_container_rules": (66, "its rules are to be cut by subject"),
    "tenants/desired.py:imported": (45, "its steps are being made declarations"),
    "tenants/fleet/running.py:_run": (46, "its steps are being made declarations"),
    "tenants/steps/database.py:__init__": (58, "its steps are being made declarations"),
}

WITHOUT_DOCSTRING: Mapping[str, str] = {}

WITHOUT_ALL: Mapping[str, str] = {}

OTHER_ERRORS: Mapping[str, str] = {
    "recovery/drill/ciphers.py:NotOpened": "an answer to a question, told in a proof",
    "provider/resource_type.py:ProviderError": "goes to the engine, as the answer of a provider",
    "components/placements/__init__.py:Refusal": "goes to the engine, which shows no traceback of a RunError",
    "engine/language_host.py:Refused": "goes to the engine, as the answer of a language host",
    "sandbox/command/keys.py:BadKey": "an answer of a simulated vendor",
    "sandbox/command/types/remote.py:Refused": "an answer of a simulated vendor",
    "sandbox/docker/server/process.py:Unhealthy": "an answer of a simulated vendor",
    "sandbox/postgresql/connection.py:Refused": "an answer of a simulated vendor",
    "sandbox/postgresql/pool.py:Exhausted": "an answer of a simulated vendor",
    "sandbox/vault/http.py:Refused": "an answer of a simulated vendor",
    "sandbox/vault/server/barrier.py:VaultError": "an answer of a simulated vendor",
    "sandbox/vault/server/policy.py:PolicyError": "an answer of a simulated vendor",
}
