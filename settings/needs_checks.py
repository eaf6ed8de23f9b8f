"""What services need beside a place: extensions in their database, a server of the right kind, a mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from settings.database_server import DatabaseServer
from settings.findings import Finding
from settings.hosts import AnyHost
from settings.services import PlatformServices

__all__ = ["NEEDS_CHECKS"]


def extensions_are_allowed(
    database_servers: tuple[DatabaseServer, ...], services: PlatformServices
) -> Iterator[Finding]:
    """A database server offers what its services' databases need. Azure refuses all others; a container is held to the
    same list, so that a move of a database to Azure finds nothing missing.
    """
    for index, server in enumerate(database_servers):
        offered = {name.upper() for name in server.extensions}
        for key, service in services.running():
            if getattr(service, "database", None) != server.name:
                continue
            missing = [name.upper() for name in service.extensions if name.upper() not in offered]
            if missing:
                path, given = ("databaseServers", index, "extensions"), list(server.extensions)
                yield path, given, f"services/{key} needs {', '.join(missing)}, too", f"add {', '.join(missing)}"


def own_servers(database_servers: tuple[DatabaseServer, ...], services: PlatformServices) -> Iterator[Finding]:
    """What can't have its database on a managed server names one in a container."""
    servers = {server.name: server for server in database_servers}
    ours = [server.name for server in database_servers if not server.placement.managed]
    for key, service in services.running():
        server = servers.get(getattr(service, "database", ""))
        if service.own_server_because and server and server.placement.managed:
            why = f"it can't be on a server of {server.placement.called}: {service.own_server_because}"
            mend = f"a database server on its host{': ' + ' or '.join(ours) if ours else ''}"
            yield ("services", key, "database"), server.name, why, mend


def mail_is_sent(services: PlatformServices, hosts: tuple[AnyHost, ...]) -> Iterator[Finding]:
    """Whoever needs a mail server names one; but on the developer's own machine, to which nobody else is invited."""
    if any(host.own_machine for host in hosts):
        return
    for key, service in services.running():
        if service.needs_mail and getattr(service, "mail", None) is None:
            why = "missing: without it nobody is invited, gets a new password, or is answered by mail"
            yield ("services", key, "mail"), {}, why, "host, port, user and sender of an SMTP server"


NEEDS_CHECKS: tuple[Callable[..., Iterator[Finding]], ...] = (extensions_are_allowed, own_servers, mail_is_sent)
