"""What a tenant may be called, in every place where its name arrives: hostile names never get past the model, valid
ones are plain everywhere, and no two of them become one.
"""

from __future__ import annotations

import json
import re
import shlex
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from components.services.redis_users import own_users_file
from deploy.target import RunTarget
from provider.migrations import MigrationsInputs
from provider.redis_user import AclUserInputs
from provider.sessions import SessionsInputs
from tenants.model import RESERVED, Tenant, slug_fault
from tenants.names import TenantNames
from tenants.registry import Registry, parsed, text_of
from tenants.shards import project_of
from tenants.tenant_file import with_state
from tenants.workfolder import folder_of
from tests.isolation.names import SIGNS, hostile, slugs

ZONE = "example.com"
ACME: dict[str, Any] = {"rut": "12345678-5", "name": "Acme Corp"}
PROPERTIES = sorted(name for name, value in vars(TenantNames).items() if isinstance(value, property))

PLAIN = {
    "database": r"t_[a-z][a-z0-9_]{1,61}",  # an identifier of PostgreSQL that needs no quotes, at most 63 bytes
    "silo_database": r"n8n_[a-z][a-z0-9_]{1,58}",
    "silo": r"t-[a-z][a-z0-9-]*[a-z0-9]-n8n",
    "redis": r"t-[a-z][a-z0-9-]*[a-z0-9]-redis",
    "redis_user": r"t_[a-z0-9_]{1,60}",
    "redis_prefix": r"t_[a-z0-9_]{1,60}:",
    # https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
    "blobs": r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*",
    "mount": r"kv-[a-z][a-z0-9-]*[a-z0-9]",
    "policy": r"tenant-[a-z][a-z0-9-]*[a-z0-9]",
}
"""What each of its names may be at its vendor's."""


def known(slug: str, **more: Any) -> Tenant | None:
    """The tenant that a file with this slug describes, if it is one."""
    return parsed({**ACME, "domain": f"{slug}.{ZONE}", **more}, f"{slug}.yaml", ZONE)[0]


@given(hostile)
def test_hostile_slugs_never_get_past_the_model(text: str) -> None:
    """One sign that is no small letter, digit or hyphen, wherever it stands: refused, and so in a whole file."""
    assert slug_fault(text) is not None
    assert known(text) is None or known(text).slug != text  # type: ignore[union-attr] # just found


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("shape", ["{}acme", "ac{}me", "acme{}"])
def test_no_sign_at_any_place(shape: str, sign: str) -> None:
    """In the slug, and at the end of the domain."""
    slug = shape.format(sign)
    assert slug_fault(slug) is not None
    for domain in (f"{slug}.{ZONE}", f"acme.{ZONE}{sign}"):
        found = parsed({**ACME, "domain": domain}, "acme.yaml", ZONE)[0]
        assert found is None, domain


@pytest.mark.parametrize(
    "slug", ["a" * 33, "a" * 300, "a" * 100_000, "ab", "-acme", "acme-", "1acme", "ac--me", "xn--a"]
)
def test_too_long_too_short_and_encoded_are_refused(slug: str) -> None:
    """Two hyphens side by side as well: Azure takes no such container, and DNS keeps such labels for encoded names."""
    assert slug_fault(slug) is not None
    assert known(slug) is None


@given(slugs)
def test_valid_names_are_plain_at_every_vendor(slug: str) -> None:
    """Every property of TenantNames is named here, and is what its vendor takes without quotes."""
    assert sorted(PLAIN) == PROPERTIES
    names = TenantNames(slug)
    for name, pattern in PLAIN.items():
        assert re.fullmatch(pattern, getattr(names, name)), (name, getattr(names, name))
    assert shlex.quote(slug) == slug
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", slug)  # a label of RFC 1123
    assert re.fullmatch(r"smarteros-tenants-[0-9]{2}", project_of(slug))
    assert slug not in RESERVED


@given(slugs, slugs)
def test_two_slugs_never_share_a_name(one: str, other: str) -> None:
    """In no namespace; and neither's keys or paths begin with the other's."""
    if one == other:
        return
    mine, theirs = TenantNames(one), TenantNames(other)
    for name in PROPERTIES:
        assert getattr(mine, name) != getattr(theirs, name)
    for prefix, name in ((mine.redis_prefix, theirs.redis_prefix), (f"{mine.mount}/", f"{theirs.mount}/")):
        assert not name.startswith(prefix)
    everything = [getattr(names, name) for names in (mine, theirs) for name in ("mount", "policy", "database", "blobs")]
    assert len(set(everything)) == len(everything)


def test_slugs_that_are_nearly_alike_stay_apart() -> None:
    """Hyphens, digits and prefixes, all pairs."""
    near = [
        "acme",
        "acme-2",
        "acme2",
        "acme-20",
        "acm",
        "acme-2-0",
        "a-cme",
        "tacme",
        "t-acme",
        "kv-acme",
        "tenant-acme",
    ]
    for one, other in combinations(near, 2):
        assert slug_fault(one) is None
        for name in PROPERTIES:
            assert getattr(TenantNames(one), name) != getattr(TenantNames(other), name), (one, other, name)


@given(slugs)
def test_in_sql_a_name_needs_no_quotes_and_quoted_it_is_the_same(slug: str) -> None:
    """As the archive, the mends and psycopg write it."""
    name = TenantNames(slug).database
    assert sql.Identifier(name).as_string(cast(psycopg.Connection[Any], None)) == f'"{name}"'
    assert len(name.encode()) <= 63
    assert not name.startswith("pg_")


@given(slugs)
def test_the_words_of_redis_are_words(slug: str) -> None:
    """One pattern for keys and one for channels, and nothing in them but the final star is a pattern."""
    names = TenantNames(slug)
    lines = own_users_file(names.redis_user, {names.redis_user: "p" * 20}).splitlines()
    (words,) = (line.split() for line in lines if line.startswith(f"user {names.redis_user} "))
    assert [word for word in words if word[0] in "~&"] == [f"~{names.redis_prefix}*", f"&{names.redis_prefix}*"]
    assert all(word.isprintable() and " " not in word for word in words)
    assert not set(names.redis_prefix) & set("*?[]\\^")


@given(hostile)
def test_the_provider_of_our_own_takes_no_hostile_name_either(text: str) -> None:
    """Whoever asks it: it writes names into ACLs and SQL."""
    for model, values in (
        (AclUserInputs, {"name": f"t_{text}", "password": "p" * 20, "prefix": "t_acme:"}),
        (AclUserInputs, {"name": "t_acme", "password": "p" * 20, "prefix": f"t_{text}:"}),
        (SessionsInputs, {"role": f"t_{text}", "allowed": False}),
        (MigrationsInputs, {"database": f"t_{text}", "role": "t_acme", "set": "knowledge", "version": "1"}),
        (MigrationsInputs, {"database": "t_acme", "role": f"t_{text}", "set": "knowledge", "version": "1"}),
        (MigrationsInputs, {"database": "t_acme", "role": "t_acme", "set": f"../{text}", "version": "1"}),
    ):
        if "_" not in text:
            with pytest.raises(ValueError, match="validation error"):
                model.model_validate(values)


@given(slugs, slugs)
def test_in_a_rule_of_traefik_a_name_ends_where_it_ends(one: str, other: str) -> None:
    """Host(`…`) has no backtick in it, and a regular expression made of it matches nobody else."""
    domain = f"{one}.{ZONE}"
    assert re.fullmatch(r"Host\(`([^`]*)`\)", f"Host(`{domain}`)")
    if one != other:
        assert not re.fullmatch(re.escape(domain), f"{other}.{ZONE}")


@given(slugs)
def test_paths_stay_in_their_folder(slug: str) -> None:
    """Of the registry and of the work folders."""
    top = Path("/scratch")
    place = cast(RunTarget, SimpleNamespace(scratch=top / "run"))
    assert folder_of(place, slug).parent == top / "tenants"
    tenant = known(slug)
    assert tenant is not None
    assert Registry([Path("/nowhere")], ZONE).file_of(tenant) == Path(f"/nowhere/{slug}.yaml")


printable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp", "Cn", "Co", "Zs"]), min_size=1)


@given(slugs, st.one_of(printable, st.sampled_from([one for one in SIGNS if one.isprintable() and one.strip()])))
def test_a_file_says_again_what_was_written(slug: str, name: str) -> None:
    """Whatever people write as a name: YAML and JSON round trip, and another state changes nothing else."""
    tenant = known(slug, name=name[:100])
    assert tenant is not None
    for text in (text_of(tenant), with_state(text_of(tenant), "suspended", "a file")):
        again, problems = parsed(yaml.safe_load(text), f"{slug}.yaml", ZONE)
        assert problems == []
        assert again is not None
        assert (again.name, again.slug) == (name[:100], slug)
    assert json.loads(json.dumps(tenant.model_dump(mode="json")))["name"] == name[:100]


@pytest.mark.parametrize("sign", ["\n", "\r", "\0", "\x1b[2J", "\u202e", "\u200b", "\u2028", "\ufeff", "\x7f"])
def test_a_name_that_would_change_a_line_or_its_direction_is_refused(sign: str) -> None:
    """It is printed in lists and logs."""
    for name in (f"Acme{sign}Corp", f"{sign}Acme", f"Acme{sign}"):
        assert known("acme", name=name) is None


@pytest.mark.parametrize(
    "name", ["../acme.yaml", "acme\n.yaml", "Acme.yaml", "acme .yaml", "acme;id.yaml", "\uff41cme.yaml"]
)
def test_a_file_of_another_name_is_no_tenants(name: str) -> None:
    """Its name must be its slug."""
    with TemporaryDirectory() as folder:
        file = (Path(folder) / "registry" / name).resolve()
        file.parent.mkdir(parents=True, exist_ok=True)
        (Path(folder) / "registry").mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump({**ACME, "domain": f"acme.{ZONE}"}), encoding="utf-8")
        registry = Registry([Path(folder) / "registry"], ZONE)
        assert registry.entries == []
        assert bool(registry.problems) is not name.startswith("..")


@pytest.mark.parametrize("label", ["a" * 64, "a" * 63 + "b.c" * 60])
def test_a_domain_of_its_own_has_labels_of_at_most_63_characters(label: str) -> None:
    """RFC 1035: no resolver would take it, and Cloudflare refuses the whole request."""
    assert known("acme", domains=[f"{label}.cl"]) is None
    assert known("acme", domains=[f"{'a' * 63}.cl"]) is not None
