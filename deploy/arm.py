"""Questions to Azure's Resource Manager over HTTP: lists that no resource of Pulumi gives.

A real run asks with the service principal of ARM_CLIENT_ID, ARM_CLIENT_SECRET and ARM_TENANT_ID, else with who is
logged in at the Azure CLI; a simulated one asks the sandbox. No token is part of an error.
"""

from __future__ import annotations

import json
import subprocess
import urllib.parse
from collections.abc import Iterator
from typing import Any

from deploy.guards import NotReady
from deploy.json_api import NoAnswer, asked
from deploy.target import RunTarget, Target

__all__ = ["ARM_API", "listed", "token_for"]

ARM_API = "SMOS_ARM_API"
"""Where a simulated run has Azure's API. Ignored in a real one: no variable may lead a token elsewhere."""

_AZURE = "https://management.azure.com"
_LOGIN = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
_PRINCIPAL = ("ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_TENANT_ID")
_REFUSED = (401, 403)
_MEND = "Fix: az login, or ARM_CLIENT_ID, ARM_CLIENT_SECRET and ARM_TENANT_ID of who may read the subscription"


def listed(place: RunTarget, path: str, api_version: str) -> Iterator[dict[str, Any]]:
    """Every element of a list, page by page; none when what should hold it is gone. Raises NotReady."""
    simulated = place.environ.get(ARM_API) if place.target is Target.SANDBOX else None
    token = "simulated" if simulated else token_for(place, _AZURE)
    url = f"{simulated or _AZURE}{path}?api-version={api_version}"
    while url:
        page = _get(url, token)
        yield from page.get("value") or []
        url = str(page.get("nextLink") or "")
        if url and not url.startswith(simulated or _AZURE):
            raise NotReady(f"Azure's list of {path} goes on at another address, which is not followed")


def _get(url: str, token: str) -> dict[str, Any]:
    try:
        return asked(url, token=token)
    except NoAnswer as error:
        if error.status == 404:
            return {}
        mend = _MEND if error.status in _REFUSED else "Fix: try again"
        raise NotReady(f"Azure does not say what exists: {error}. {mend}") from None


def token_for(place: RunTarget, resource: str) -> str:
    """A token of who is logged in, for one of Azure's services. Raises NotReady."""
    given = {name: place.environ.get(name, "") for name in _PRINCIPAL}
    if all(given.values()):
        return _of_principal(*given.values(), resource=resource)
    command = ["az", "account", "get-access-token", "--resource", resource, "--output", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - fixed words
        return str(json.loads(done.stdout)["accessToken"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        raise NotReady(f"nobody is logged in at Azure, so what is left there can't be looked for. {_MEND}") from None


def _of_principal(client: str, secret: str, tenant: str, *, resource: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_secret": secret,
        "scope": f"{resource}/.default",
    }
    try:
        return str(asked(_LOGIN.format(tenant=urllib.parse.quote(tenant, safe="")), form=form)["access_token"])
    except (NoAnswer, KeyError):
        raise NotReady(f"Azure does not let the service principal in. {_MEND}") from None
