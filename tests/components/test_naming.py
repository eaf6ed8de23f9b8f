"""Names: what the vendors accept, the same in every run, never the same for two things."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.naming import Names, fit

SEED = "00000000-0000-4000-8000-000000000001"
WORD = st.from_regex(r"[a-z](?:-?[a-z0-9]){0,19}", fullmatch=True)

# The vendor's pattern for each name: Azure's resource name rules, and Docker's.
HYPHENATED = r"(?!.*--)[a-z][a-z0-9-]*[a-z0-9]"
RULES = {
    "resource_group": (1, 90, r"[\w.()-]+"),
    "log_workspace": (4, 63, HYPHENATED),
    "virtual_network": (2, 64, HYPHENATED),
    "container_apps_environment": (2, 32, HYPHENATED),
    "key_vault": (3, 24, HYPHENATED),
    "storage_account": (3, 24, r"[a-z0-9]+"),
    "subnet": (1, 80, HYPHENATED),
    "container_app": (2, 32, HYPHENATED),
    "certificate": (1, 60, HYPHENATED),
    "identity": (3, 128, HYPHENATED),
    "postgres_server": (3, 63, HYPHENATED),
    "private_endpoint": (2, 64, HYPHENATED),
    "key_vault_secret": (1, 127, r"[0-9a-zA-Z-]+"),
    "container": (2, 63, r"[a-zA-Z0-9][a-zA-Z0-9_.-]+"),
}
WITHOUT_PART = {"resource_group", "log_workspace", "virtual_network", "container_apps_environment", "key_vault"}


@pytest.mark.parametrize(
    ("kind", "parts", "expected"),
    [
        ("resource_group", (), "rg-smarteros-prod"),
        ("container_apps_environment", (), "cae-smarteros-prod"),
        ("key_vault", (), "kv-smarteros-prod-7d0d0c"),
        ("storage_account", (), "stsmarterosprod7d0d0c"),
        ("postgres_server", ("azure",), "psql-smarteros-prod-azure-7d0d0c"),
        ("container_app", ("n8n",), "ca-n8n-prod"),
        ("container", ("redis",), "smarteros-prod-redis"),
    ],
)
def test_names_of_prod(kind: str, parts: tuple[str, ...], expected: str) -> None:
    """A changed name is a replaced resource: these never change unnoticed."""
    names = Names(system="smarteros", stack="prod", seed=SEED)
    assert getattr(names, kind)(*parts) == expected


@pytest.mark.parametrize("kind", RULES)
@given(system=WORD, stack=WORD, part=WORD)
def test_every_name_is_one_that_the_vendor_accepts(kind: str, system: str, stack: str, part: str) -> None:
    """Whatever the settings allow, length and pattern hold."""
    method = getattr(Names(system=system, stack=stack, seed=SEED), kind)
    name = method() if kind in WITHOUT_PART else method(part)
    shortest, longest, pattern = RULES[kind]
    assert shortest <= len(name) <= longest
    assert re.fullmatch(pattern, name)
    assert name == (method() if kind in WITHOUT_PART else method(part))


@given(st.text("abc-", min_size=30, max_size=60), st.text("abc-", min_size=30, max_size=60))
def test_two_long_names_stay_two(first: str, second: str) -> None:
    """What is cut ends in a hash of the whole."""
    assert len(fit(first, 24)) <= 24
    assert (fit(first, 24) == fit(second, 24)) == (first == second)


def test_global_names_differ_between_subscriptions() -> None:
    """Two environments of the same name in two subscriptions never fight for one."""
    one, other = (Names(system="smarteros", stack="prod", seed=seed) for seed in ("1", "2"))
    for kind in ("key_vault", "storage_account"):
        assert getattr(one, kind)() != getattr(other, kind)()
