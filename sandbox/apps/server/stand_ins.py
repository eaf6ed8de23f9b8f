"""What the programs behind a name would answer to the one question whether anybody could still claim them.

The programs themselves are not run here. Each answer follows from what its container was told and from what ran to its
end before it: variables, secret files, the command that prepares it. Who is told nothing answers as the program of its
vendor does then: the first visitor becomes its owner. Nothing else is simulated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.core.origin import Reply

__all__ = ["Startup", "reply"]

# n8n's own check of it (packages/cli/src/instance-settings-loader/loaders/owner.instance-settings-loader.ts).
_BCRYPT = re.compile(r"\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}")
_SECRETS = "/run/secrets/"


@dataclass(frozen=True, kw_only=True)
class Startup:
    """What a container was told."""

    image: str
    env: Mapping[str, str]
    """Variables, secret ones included."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Secret files, by their names."""
    prepared: Sequence[str] = ()
    """The command that ended well before it started; nothing where there is none, or where it failed."""

    def file(self, variable: str) -> str:
        """The content of the secret file that a variable names."""
        return self.files.get(self.env.get(variable, "").removeprefix(_SECRETS), "")

    @property
    def tag(self) -> str:
        """The version that it is of."""
        return self.image.split("@")[0].rpartition(":")[2]

    @property
    def preparation(self) -> str:
        """The command that prepares the container, as one text."""
        return "\n".join(self.prepared)


def reply(startup: Startup, path: str, body: Mapping[str, Any] | None) -> Reply | None:
    """Its answer to GET, or to POST of a body; None for what no program here was asked."""
    named = startup.image.split("@")[0].rsplit(":", 1)[0].removeprefix("docker.io/")
    answers = _PROGRAMS.get(named, {}).get(path)
    return answers(startup, body) if answers else None


def _n8n(startup: Startup, _body: Mapping[str, Any] | None) -> Reply:
    """frontend.service.ts: shown as long as there is no owner. A hash that is none ends n8n at its start."""
    managed = startup.env.get("N8N_INSTANCE_OWNER_MANAGED_BY_ENV") == "true"
    email, hashed = (startup.env.get(f"N8N_INSTANCE_OWNER_{name}", "") for name in ("EMAIL", "PASSWORD_HASH"))
    if managed and not (email and _BCRYPT.fullmatch(hashed)):
        return Reply(502, {"error": "n8n ended: what it is told of its owner is no mail or no hash of bcrypt's"})
    return Reply(200, {"data": {"userManagement": {"showSetupOnFirstLoad": not managed}}})


def _n8n_measures(startup: Startup, _body: Mapping[str, Any] | None) -> Reply:
    shown = startup.env.get("N8N_METRICS") == "true"
    return Reply(200, {"measures": "n8n_"}) if shown else Reply(404, {"error": "Cannot GET /metrics"})


def _chatwoot(startup: Startup, _body: Mapping[str, Any] | None) -> Reply:
    """The seed of db:chatwoot_prepare sets the mark (db/seeds.rb); who clears it must have made somebody before."""
    text = startup.preparation
    if "db:chatwoot_prepare" not in text:
        return Reply(500, {"error": "its tables are not there"})
    made = bool(startup.env.get("SMOS_OWNER_EMAIL") and startup.file("SMOS_OWNER_PASSWORD_FILE"))
    cleared = re.search(r"Alfred\.delete\(.*CHATWOOT_INSTALLATION_ONBOARDING\)", text)
    if made and "'SuperAdmin'" in text and ".save!" in text and cleared:
        return Reply(302, {}, "/")
    return Reply(200, {"page": "whoever fills this becomes super administrator"})


def _chatwoot_api(startup: Startup, _body: Mapping[str, Any] | None) -> Reply:
    """api_controller.rb: its version, whether its queue and its database are there."""
    if "db:chatwoot_prepare" not in startup.preparation:
        return Reply(500, {"error": "its tables are not there"})
    version = startup.tag.removeprefix("v").removesuffix("-ce")
    return Reply(200, {"version": version, "queue_services": "ok", "data_services": "ok"})


def _well(_startup: Startup, _body: Mapping[str, Any] | None) -> Reply:
    """Of a program that has started, its own page for whoever looks after it."""
    return Reply(200, {"status": "ok"})


def _metabase(startup: Startup, _body: Mapping[str, Any] | None) -> Reply:
    """/api/setup makes the first user, from the request in the secret file."""
    request = _json(startup.file("SMOS_SETUP_REQUEST"))
    user = request.get("user", {})
    made = "/api/setup" in startup.preparation and bool(user.get("email") and user.get("password"))
    return Reply(200, {"has-user-setup": made, "setup-token": None if made else "0b1c2d3e"})


def _botpress(startup: Startup, _body: Mapping[str, Any] | None) -> Reply:
    """strategy-basic.ts makes the first user of both variables, if there is none."""
    made = bool(startup.env.get("BP_ADMIN_EMAIL") and startup.env.get("BP_ADMIN_PASSWORD"))
    return Reply(200, {"status": "success", "payload": {"strategies": [], "isFirstUser": not made}})


def _odoo(startup: Startup, body: Mapping[str, Any] | None) -> Reply:
    """`-i base` makes the user admin with the password admin; a database that nobody filled answers nothing."""
    text = startup.preparation
    if "-i base" not in text:
        return Reply(500, {"error": "the database odoo has no tables"})
    given = (body or {}).get("params", {})
    sets = re.search(r"\.write\(\{\"password\": password\}\)", text)
    password = startup.file("SMOS_OWNER_PASSWORD_FILE") if sets else "admin"
    if (given.get("db"), given.get("login"), given.get("password")) == ("odoo", "admin", password):
        return Reply(200, {"jsonrpc": "2.0", "result": {"uid": 2}})
    return Reply(200, {"jsonrpc": "2.0", "error": {"data": {"name": "odoo.exceptions.AccessDenied"}}})


def _gateway(startup: Startup, body: Mapping[str, Any] | None) -> Reply:
    """mcpgateway/config.py:1006: without both variables, its vendor's own administrator."""
    email = startup.env.get("PLATFORM_ADMIN_EMAIL", "admin@example.com")
    password = startup.env.get("PLATFORM_ADMIN_PASSWORD", "changeme")
    given = body or {}
    if (given.get("email"), given.get("password")) == (email, password):
        return Reply(200, {"access_token": "simulated"})
    return Reply(401, {"detail": "Invalid email or password"})


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_Answers = Callable[[Startup, Mapping[str, Any] | None], Reply]
_PROGRAMS: Mapping[str, Mapping[str, _Answers]] = {
    "docker.n8n.io/n8nio/n8n": {"/rest/settings": _n8n, "/metrics": _n8n_measures, "/healthz/readiness": _well},
    "chatwoot/chatwoot": {"/installation/onboarding": _chatwoot, "/api": _chatwoot_api},
    "metabase/metabase": {"/api/session/properties": _metabase, "/api/health": _well},
    "botpress/server": {"/api/v2/admin/auth/config": _botpress, "/status": _well},
    "odoo": {"/web/session/authenticate": _odoo, "/web/health": _well},
    "ghcr.io/ibm/mcp-context-forge": {"/auth/email/login": _gateway, "/health": _well},
}
"""Image → path → what answers there."""
