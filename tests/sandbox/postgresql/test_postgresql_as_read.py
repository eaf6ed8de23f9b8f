"""The simulated PostgreSQL provider answers what it reads, not what it was asked for; as the real one's source does.

https://github.com/cyrilgdn/terraform-provider-postgresql, the functions named in each test.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from sandbox.core import judge
from sandbox.core.outputs import as_written_back
from sandbox.postgresql.connection import Refused
from sandbox.postgresql.server.clusters import Cluster
from tests.sandbox.postgresql.postgresql_acts import (
    SECRET,
    as_configured,
    ask,
    create,
    delete,
    kind,
    login,
    read,
    update,
)

CLOSED = {"role": "public", "objectType": "database", "privileges": []}
PROVISIONER, LOGIN = "provisioner", "provisioner_login"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A managed one, with a provisioner whose login assumes its role."""
    cluster = Cluster(tmp_path_factory.mktemp("postgresql") / "server")
    cluster.create("smarter", "an administrator's \\ password", superuser=False)
    config = as_configured(cluster)
    create("Role", {"name": PROVISIONER, "createRole": True, "createDatabase": True}, config)
    create(
        "Role",
        {"name": LOGIN, "login": True, "password": SECRET, "roles": [PROVISIONER], "assumeRole": PROVISIONER},
        config,
    )
    yield cluster
    cluster.destroy()


@pytest.fixture
def config(server: Cluster) -> dict[str, Any]:
    """Of the administrator, who is no superuser."""
    return as_configured(server)


@pytest.fixture
def provisioner(server: Cluster) -> dict[str, Any]:
    """Of the login that assumes the provisioner's role."""
    return as_configured(server, username=LOGIN, password=SECRET)


def changes(name: str, inputs: Mapping[str, Any], state: Mapping[str, Any], *ignored: str) -> list[str]:
    """What the next run says of the same inputs."""
    one = kind(name)
    wanted = {**one.defaults, **inputs}
    return [change.path for change in judge.changes(one, wanted, wanted, {**wanted, **state}, ignored)]


def test_the_first_membership_is_the_one_that_nobody_asked_for(provisioner: dict[str, Any]) -> None:
    """readGrantRole: whoever makes a role has it with the admin option, without its rights; that row is read, so every
    run replaces the one that was asked for, and create-then-delete takes it away.
    """
    create("Role", {"name": "t_one"}, provisioner)
    given = {"role": PROVISIONER, "grantRole": "t_one"}
    made = create("GrantRole", given, provisioner)
    assert made == {"id": "provisioner_t_one_true", "withAdminOption": True}
    assert changes("GrantRole", given, made) == ["withAdminOption"]
    assert judge.covered(kind("GrantRole").replaces, ("withAdminOption",))
    assert not kind("GrantRole").delete_before_replace
    assert changes("GrantRole", given, made, "withAdminOption") == []
    create("GrantRole", given, provisioner)
    delete("GrantRole", given, provisioner)
    assert ask(provisioner, "SELECT pg_has_role('provisioner', 't_one', 'SET')") is False
    delete("Role", {"name": "t_one", "skipReassignOwned": True}, provisioner)


def test_what_a_role_owns_goes_to_the_login_and_not_to_whom_it_assumes(provisioner: dict[str, Any]) -> None:
    """resourcePostgreSQLRoleDelete: REASSIGN OWNED needs the rights of both, and nobody gave the provisioner those of
    its login. With `databaseUsername` it is the provisioner itself.
    """
    create("Role", {"name": "t_two"}, provisioner)
    with pytest.raises(Refused, match="could not reassign owned by role t_two to provisioner_login: pq: permission"):
        delete("Role", {"name": "t_two"}, provisioner)
    assert read("Role", {"name": "t_two"}, provisioner) is not None
    delete("Role", {"name": "t_two"}, {**provisioner, "databaseUsername": PROVISIONER})
    assert read("Role", {"name": "t_two"}, provisioner) is None


def test_a_revocation_without_the_owners_rights_has_no_effect(config: dict[str, Any]) -> None:
    """readDatabaseRolePrivileges: the list of the database is read, in which everybody still stands; with the owner's
    role lent before the database is made, nobody does.
    """
    for name, lent in (("open", False), ("shut", True)):
        create("Role", {"name": name}, config)
        if lent:
            create("GrantRole", {"role": "smarter", "grantRole": name}, config)
        create("Database", {"name": name, "owner": name}, config)
        seen = create("Grant", {**CLOSED, "database": name}, config)["privileges"]
        assert sorted(seen) == ([] if lent else ["CONNECT", "TEMPORARY"])
        assert bool(changes("Grant", {**CLOSED, "database": name}, {"privileges": seen})) is not lent
    with closing(login(config)) as admin:
        (acl,) = admin.execute("SELECT datacl::text[] FROM pg_database WHERE datname = 'open'").fetchone() or ([],)
    assert "=Tc/open" in acl
    for name in ("open", "shut"):
        delete("Database", {"name": name, "owner": name}, config)
        delete("Role", {"name": name}, config)


def test_what_was_declared_as_closed_before_is_closed_by_another_name(config: dict[str, Any]) -> None:
    """A state from before says that it is closed, and is no change. The rights are lent, another Grant closes it, the
    old one goes: what is in the database stays, and PUBLIC is out.
    """
    create("Role", {"name": "old"}, config)
    create("Database", {"name": "old", "owner": "old"}, config)
    grant = {**CLOSED, "database": "old"}
    create("Grant", grant, config)
    assert changes("Grant", grant, {"privileges": []}) == []
    create("GrantRole", {"role": "smarter", "grantRole": "old"}, config)
    with closing(login(config, "old")) as admin:
        admin.execute("SET ROLE old")
        admin.execute("CREATE TABLE kept AS SELECT 42 AS x")
    assert create("Grant", grant, config) == {"privileges": []}
    delete("Grant", grant, config)
    assert ask(config, "SELECT datacl::text FROM pg_database WHERE datname = 'old'") == "{old=CTc/old}"
    assert ask(config, "SELECT x FROM kept", "old") == 42
    delete("Database", {"name": "old", "owner": "old"}, config)
    delete("Role", {"name": "old"}, config)


def test_an_untouched_list_reads_as_nobodys(config: dict[str, Any]) -> None:
    """aclexplode of NULL has no rows, though everybody may connect."""
    create("Database", {"name": "untouched"}, config)
    assert read("Grant", {**CLOSED, "database": "untouched"}, config) == {"privileges": []}
    delete("Database", {"name": "untouched"}, config)


def test_while_a_database_is_made_its_owner_is_lent_and_taken_back(config: dict[str, Any]) -> None:
    """createDatabase: what was granted meanwhile is taken back too, so the database must wait for its GrantRole."""
    create("Role", {"name": "lent"}, config)
    lent = {"role": "smarter", "grantRole": "lent"}
    create("Database", {"name": "lent", "owner": "lent"}, config)
    assert ask(config, "SELECT pg_has_role('smarter', 'lent', 'SET')") is False
    create("GrantRole", lent, config)
    update("Database", {"name": "lent"}, {"name": "lent", "owner": "lent"}, config)
    assert ask(config, "SELECT pg_has_role('smarter', 'lent', 'SET')") is True
    delete("Database", {"name": "lent", "owner": "lent"}, config)
    delete("Role", {"name": "lent"}, config)


def test_as_many_databases_as_connections_wait_for_one_another(config: dict[str, Any]) -> None:
    """createDatabase holds the lock on one connection and needs a second one: told within seconds, where the real
    provider waits for ever. One connection more, and all of them are made.
    """
    names = [f"many_{number}" for number in range(4)]
    for name in names:
        create("Role", {"name": name}, config)

    def make(name: str, most: str) -> str:
        try:
            create("Database", {"name": name, "owner": name}, {**config, "maxConnections": most})
        except Refused as error:
            return str(error)
        return ""

    with closing(login(config)) as other, ThreadPoolExecutor(8) as threads:
        # Until all of them wait, somebody else has the lock.
        other.execute("SELECT pg_advisory_lock(oid::bigint) FROM pg_roles WHERE rolname = 'smarter'")
        begun = [threads.submit(make, name, "4") for name in names]
        while (other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() or (0,))[0] < len(names):
            time.sleep(0.05)
        other.execute("SELECT pg_advisory_unlock(oid::bigint) FROM pg_roles WHERE rolname = 'smarter'")
        said = [one.result() for one in begun]
        assert any("all 4 connections of the provider wait for one another" in one for one in said), said
        left = [name for name, one in zip(names, said, strict=True) if one]
        assert [one.result() for one in [threads.submit(make, name, "5") for name in left]] == [""] * len(left)
    for name in names:
        delete("Database", {"name": name, "owner": name}, config)
        delete("Role", {"name": name}, config)


def test_nothing_is_revoked_of_a_database_that_is_gone(config: dict[str, Any]) -> None:
    """startTransaction connects to it first; the deletion of the database itself fails likewise. A refresh sees it."""
    create("Role", {"name": "gone"}, config)
    grant = {**CLOSED, "database": "gone"}
    for name, inputs in (("Grant", grant), ("Database", {"name": "gone", "owner": "gone"})):
        with pytest.raises(Refused, match='database "gone" does not exist'):
            delete(name, inputs, config)
        assert read(name, inputs, config) is None
    delete("Role", {"name": "gone"}, config)


def test_of_a_password_only_its_absence_is_seen(config: dict[str, Any]) -> None:
    """readRolePassword: nothing where the provider is told that it is no superuser; an error where it is told so and is
    not. That a role has become something else is seen.
    """
    role = {"name": "seen", "login": True, "password": SECRET}
    state = create("Role", role, config)
    assert changes("Role", role, state) == []
    with closing(login(config)) as admin:
        admin.execute("ALTER ROLE seen PASSWORD 'another' CREATEDB")
    state = read("Role", role, config) or {}
    assert "password" not in state
    assert changes("Role", role, state) == ["createDatabase"]
    with pytest.raises(Refused, match="is not a SUPERUSER"):
        read("Role", role, {**config, "superuser": "true"})
    delete("Role", role, config)


def test_a_locale_is_read_back(config: dict[str, Any]) -> None:
    """What was given as DEFAULT is a name then: a replacement at every run, unless that change is ignored."""
    wanted = {"name": "locale", "lcCollate": "DEFAULT"}
    state = create("Database", wanted, config)
    assert state["lcCollate"] != "DEFAULT"
    assert changes("Database", wanted, state) == ["lcCollate"]
    assert changes("Database", wanted, state, "lcCollate") == []
    delete("Database", wanted, config)


def test_a_list_of_wanted_items_never_grows_at_a_refresh() -> None:
    """extractInputs of the bridge: the input keeps what it wanted and what is still there; the state shows the rest."""
    assert as_written_back([], ["CONNECT"]) == []
    assert as_written_back(["a", "b"], ["b", "c"]) == ["b"]
    assert as_written_back("DEFAULT", "C") == "C"
