"""Users that tenants had on the Redis of all: read and removed as a real one has them, and never made again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from provider.redis_user import ACL_USER, AclUserInputs
from provider.resource_type import ProviderError
from tests.provider.servers import Server, limited_provisioner, redis_server

A, B = "a-passw0rd-of-twenty-letters", "b-passw0rd-of-twenty-letters"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server(tmp_path / "redis") as running:
        yield running


def user(slug: str, password: str, *, enabled: bool = True) -> AclUserInputs:
    """A tenant's user."""
    values = {"name": f"t_{slug}", "password": password, "prefix": f"t_{slug}:", "enabled": enabled}
    return AclUserInputs.model_validate(values)


def made(server: Server, *wanted: AclUserInputs) -> None:
    """These users, as they were made on the server before."""
    for one in wanted:
        rules = ["reset", "resetchannels", "on", f">{one.password}", f"~{one.prefix}*", f"&{one.prefix}*", "+@all"]
        server.client().execute_command("ACL", "SETUSER", one.name, *rules)


def config_of(server: Server) -> dict[str, str]:
    """As the platform's provisioner is now, who makes no users."""
    return {"redis": server.config()["redis"].replace('"provisioner"', f'"{limited_provisioner(server)}"')}


def test_none_is_made_or_changed_any_more(server: Server) -> None:
    """Whoever has one may hold the server for ever: said, with what to do."""
    for act in (
        lambda: ACL_USER.handler.create(server.config(), user("acme", A)),
        lambda: ACL_USER.handler.update(server.config(), "t_acme", user("acme", A), user("acme", A, enabled=False)),
    ):
        with pytest.raises(ProviderError, match=r"share no Redis any more.*Fix: redis:"):
            act()
    assert "t_acme" not in server.client().acl_users()


def test_removing_one_leaves_nothing_of_it_and_all_of_the_other(server: Server) -> None:
    """User, connections and keys, more than one batch of them, with the provisioner's few rights; twice is no error."""
    made(server, user("acme", A), user("acme_2", B))
    server.client("t_acme_2", B).set("t_acme_2:x", "2")
    acme = server.client("t_acme", A)
    pipe = acme.pipeline()
    for number in range(1200):
        pipe.set(f"t_acme:{number}", "1")
    pipe.execute()
    for _ in range(2):
        ACL_USER.handler.delete(config_of(server), "t_acme", user("acme", A))
    with pytest.raises(redis.RedisError):
        acme.get("t_acme:1")
    admin = server.client()
    assert list(admin.scan_iter("t_acme*")) == ["t_acme_2:x"]
    assert "t_acme" not in admin.acl_users()
    assert server.client("t_acme_2", B).get("t_acme_2:x") == "2"


def test_what_somebody_changed_is_seen(server: Server) -> None:
    """Off, another password, another reach, gone: each is a difference; untouched is none."""
    wanted, admin = user("acme", A), server.client()
    made(server, wanted)
    handler = ACL_USER.handler
    assert handler.read(config_of(server), "t_acme", wanted) == {"enabled": True}
    admin.execute_command("ACL", "SETUSER", "t_acme", "off", "~*", "resetpass", ">another")
    assert handler.read(server.config(), "t_acme", wanted) == {"enabled": False, "prefix": "", "password": ""}
    admin.execute_command("ACL", "DELUSER", "t_acme")
    assert handler.read(server.config(), "t_acme", wanted) is None


def test_a_refusal_names_no_password(server: Server) -> None:
    """Who may not remove users is told so, without what was sent."""
    made(server, user("acme", A))
    server.client().execute_command("ACL", "SETUSER", "t_acme", "-@all", "+ping")
    config = {
        "redis": server.config()["redis"].replace("provisioner", "t_acme").replace("an-administrators-passw0rd", A)
    }
    with pytest.raises(ProviderError) as refused:
        ACL_USER.handler.delete(config, "t_acme", user("acme", B))
    assert "no permissions" in str(refused.value)
    assert A not in str(refused.value)
