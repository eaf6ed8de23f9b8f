"""Databases of a platform that somebody dropped by hand: asked of each server, told, never made anew unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy import dropped_databases as subject
from deploy.dropped_databases import DATABASE, Dropped, dropped_databases, forget, refuse_unnamed
from deploy.guards import NotReady
from settings import Settings, load_files

ROOT = Path(__file__).resolve().parents[2]
URN = "urn:pulumi:prod::smarteros::x::"
PROVIDER = "pulumi:providers:postgresql"
GRANT, EXTENSION = "postgresql:index/grant:Grant", "postgresql:index/extension:Extension"
CONTAINER = "docker:index/container:Container"


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Those of prod: n8n's database is on Azure, Chatwoot's on the host."""
    return load_files("prod", ROOT)


def one(name: str, token: str, inputs: dict[str, Any], server: str = "", *needs: str, **more: Any) -> dict[str, Any]:
    """A resource of a state."""
    provider = {"provider": f"{URN}databases-{server}::1"} if server else {}
    found = {"urn": URN + name, "type": token, "custom": True, "id": "1", "inputs": inputs, **provider, **more}
    return {**found, "dependencies": [URN + need for need in needs]}


def state(settings: Settings) -> dict[str, Any]:
    """Two servers, a database on each, with what is in them and what filled one."""
    ports = {name: str(settings.forward(name).local_port) for name in ("azure", "vps")}
    users = {"azure": "smarteros_admin", "vps": "postgres"}
    providers = [
        one(f"databases-{name}", PROVIDER, {"port": port, "username": users[name], "sslmode": "require"})
        for name, port in ports.items()
    ]
    return {
        "resources": [
            *providers,
            one("n8n-db", DATABASE, {"name": "n8n"}, "azure"),
            one("chatwoot-db", DATABASE, {"name": "chatwoot"}, "vps"),
            one("chatwoot-old", DATABASE, {"name": "chatwoot_old"}, "vps", delete=True),
            one("chatwoot-closed", GRANT, {"database": "chatwoot"}, "vps"),
            one("chatwoot-vector", EXTENSION, {"database": "chatwoot"}, "vps", deletedWith=URN + "chatwoot-db"),
            one("n8n-closed", GRANT, {"database": "n8n"}, "azure"),
            one("chatwoot-config", "random:index/randomPassword:RandomPassword", {}, "", "chatwoot-db"),
            one("chatwoot-prepare", CONTAINER, {"attach": True}, "", "chatwoot-config"),
            one("chatwoot", CONTAINER, {}, "", "chatwoot-db", "chatwoot-prepare"),
            one("metabase-prepare", CONTAINER, {"attach": True}),
        ]
    }


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> dict[str, frozenset[str] | None]:
    """User of the administrator → what its server answers."""
    answers: dict[str, frozenset[str] | None] = {}
    monkeypatch.setattr(subject, "_passwords", lambda *_: {"azure": "a", "vps": "v"})
    wanted = {("smarteros_admin", "a"), ("postgres", "v")}

    def there(_: int, user: str, password: str, sslmode: str) -> frozenset[str] | None:
        assert (user, password) in wanted
        assert sslmode == "require"
        return answers[user]

    monkeypatch.setattr(subject, "databases_there", there)
    return answers


PLACE: Any = None


def test_each_server_is_asked_as_its_own_administrator(
    servers: dict[str, frozenset[str] | None], settings: Settings
) -> None:
    """What is gone is told with what was in it, also where an older state does not say that it goes with it."""
    servers |= {"smarteros_admin": frozenset({"n8n"}), "postgres": frozenset({"postgres"})}
    (found,) = dropped_databases(PLACE, settings, state(settings))
    assert found == Dropped(URN + "chatwoot-db", "chatwoot", "vps", (URN + "chatwoot-closed", URN + "chatwoot-vector"))
    servers["smarteros_admin"] = frozenset()
    assert {one.server for one in dropped_databases(PLACE, settings, state(settings))} == {"azure", "vps"}


def test_who_does_not_answer_says_nothing(servers: dict[str, frozenset[str] | None], settings: Settings) -> None:
    """That no server answers is no proof that its databases are gone."""
    servers |= {"smarteros_admin": None, "postgres": None}
    assert dropped_databases(PLACE, settings, state(settings)) == []
    assert dropped_databases(PLACE, settings, {}) == []


def test_what_nobody_named_is_not_made_anew() -> None:
    """An empty one would look as if nothing had happened: refused with the three ways out. Where all may go, it is."""
    found = [Dropped(URN + "chatwoot-db", "chatwoot", "vps"), Dropped(URN + "n8n-db", "n8n", "azure")]
    with pytest.raises(NotReady) as caught:
        refuse_unnamed("prod", found, ["chatwoot-db"])
    said = str(caught.value)
    assert "the database n8n (n8n-db) is not on the server azure" in said
    assert "chatwoot" not in said
    for words in ("backup", "./smos up prod --allow-loss n8n-db", "./smos destroy prod"):
        assert words in said
    refuse_unnamed("prod", found, ["chatwoot-db", URN + "n8n-db"])
    refuse_unnamed("local", found, None)


def test_what_had_filled_it_is_to_run_again(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The preparation that needs it, by whatever way, and no other; then the providers are asked for all of it."""
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(subject, "run", lambda _place, _project, *words, **_: ran.append(words))

    class Place:
        project = ROOT

    lost = [Dropped(URN + "chatwoot-db", "chatwoot", "vps", (URN + "chatwoot-closed",))]
    forget(Place, "prod", state(settings), lost, lambda _: None)  # type: ignore[arg-type] # of a place, the folder alone
    assert [words[:3] for words in ran] == [
        ("state", "taint", URN + "chatwoot-prepare"),
        ("refresh", "--yes", "--skip-preview"),
    ]
    assert [word for word in ran[1] if word.startswith("urn:")] == [URN + "chatwoot-db", URN + "chatwoot-closed"]
    ran.clear()
    forget(Place, "prod", state(settings), [], lambda _: None)  # type: ignore[arg-type] # as above
    assert ran == []
