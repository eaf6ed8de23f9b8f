"""Whose a name is: a tenant's own, a copy of it that somebody made by hand, or another tenant's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.model import Tenant, is_slug
from tenants.names import TenantNames
from tenants.residue import Sought

TENANT = Tenant.model_validate({"rut": "12345678-5", "name": "Acme", "domain": "acme.example.com"})
OTHERS = ("acme", "acme-2", "acm", "globex")


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("t_acme", True),
        ("t_acme_backup", True),
        ("t_acme_2024_01", True),
        ("t_acme_2", False),
        ("t_acme_2_backup", False),
        ("t_acm", False),
        ("t_acm_e", False),
        ("t_acmecorp", False),
        ("smarteros", False),
        ("", False),
    ],
)
def test_whose_a_name_is(name: str, whose: bool) -> None:
    """The longest name of a tenant with which it begins says it."""
    assert Sought.among(TENANT, OTHERS).carries(name, lambda one: one.database, "_") is whose


SLUGS = st.from_regex(r"[a-z][a-z0-9-]{1,8}[a-z0-9]", fullmatch=True).filter(is_slug)


@given(mine=SLUGS, others=st.frozensets(SLUGS, max_size=5), more=st.text("ab2_", max_size=4))
def test_what_another_tenant_has_is_never_ones_own(mine: str, others: frozenset[str], more: str) -> None:
    """Whatever the slugs: each one's own names are its own, and a copy belongs to one tenant at most."""
    everybody = {mine, *others}
    seen = {slug: Sought(cast(Tenant, _named(slug)), frozenset(everybody - {slug})) for slug in everybody}
    for slug, sought in seen.items():
        assert sought.carries(_database(TenantNames(slug)), _database, "_")
        name = f"{_database(TenantNames(slug))}_{more}"
        assert sum(one.carries(name, _database, "_") for one in seen.values()) == 1
        assert not any(
            other.carries(_database(TenantNames(slug)), _database, "_") for key, other in seen.items() if key != slug
        )


def _named(slug: str) -> SimpleNamespace:
    return SimpleNamespace(slug=slug, names=TenantNames(slug))


def _database(names: TenantNames) -> str:
    return names.database
