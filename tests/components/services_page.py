"""docs/services.md: every container as it is declared, with whose word it is. Written by
`python -m tests.components.services_page`; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from components.workload import Health, Sidecar, Volume, Workload
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import ROOT
from tests.components.handed import HandedWorkload, fallback_sources, handed_workloads, source_of, sources_of
from tests.components.placed import CASES, Case
from tests.components.places import EXAMPLES

__all__ = ["PAGE", "page", "uncovered"]

PAGE = ROOT / "docs" / "services.md"
_HEAD = """<!-- Made by `python -m tests.components.services_page` from what is declared; a test compares. -->
# Services

Every container of every service, as `prod` declares it (with the zone `example.com`): what it is told, where each
value comes from, and whose word it is. What only an option brings is marked with it. A secret's value is in the
keyring or in Pulumi's state, encrypted; here stands where it comes from.

How much each may use and needs: [capacity.md](capacity.md). What each may be told: `settings/services/`.
"""
_NETWORKS = {"web": "`edge` (the reverse proxy, and out)", "data": "`data` (no way out)", "docker_api": "`socket`"}


@cache
def page() -> str:
    """The whole."""
    given = handed_workloads()
    lines = [_HEAD, "| service | what it is | runs on | its containers |", "| --- | --- | --- | --- |"]
    services = [*SmarterOSServices.model_fields, *dict.fromkeys(one.service for one in given if _is_server(one))]
    for service in services:
        own = [one for one in given if one.service == service]
        names = ", ".join(f"[{one.name}](#{one.name.replace(',', '').replace(' ', '-')})" for one in own)
        lines.append(f"| {service} | {_about(service)} | {_places(service)} | {names or 'none'} |")
    refused = [line for service in SmarterOSServices.model_fields for line in _refused(service)]
    lines += ["\n## Where a service can't run, and why\n", *refused]
    for service in services:
        own = [one for one in given if one.service == service]
        if own:
            lines.append(f"\n## Containers of {service}")
        for one in own:
            lines += _container(one)
    return "\n".join(lines).rstrip() + "\n"


def uncovered(given: HandedWorkload) -> list[str]:
    """What of a container nobody's word is given for: variables, its user, the port, the volumes, the health check."""
    sources = {**fallback_sources(), **sources_of(given.service)}
    workload = given.workload
    variables = [*workload.env, *workload.secrets]
    variables += [name for sidecar in workload.sidecars for name in (*sidecar.env, *sidecar.reaches)]
    wanted = {key: source_of(key, sources) for key in variables}
    wanted["health"] = sources.get("health", "")
    # As whom it runs decides what it may write and which capabilities it lacks: the vendor's image has the word.
    wanted["user"] = sources.get("user", "")
    if workload.port:
        wanted["port"] = sources.get("port", "")
    if workload.volumes:
        wanted["volumes"] = sources.get("volumes", "")
    return [key for key, source in wanted.items() if not source]


def _is_server(given: HandedWorkload) -> bool:
    return given.service not in SmarterOSServices.model_fields


def _about(service: str) -> str:
    if service not in SmarterOSServices.model_fields:
        return "A PostgreSQL server on a host, with pgvector"
    return str(SmarterOSServices.model_fields[service].description)


def _cases(service: str) -> list[Case]:
    return [case for case in CASES if case.service == service]


def _places(service: str) -> str:
    if service not in SmarterOSServices.model_fields:
        return EXAMPLES["docker"].on_page
    cases = [case for case in _cases(service) if case.typed and case.read()[0] is not None]
    places = dict.fromkeys(EXAMPLES[case.where].on_page for case in cases if case.where)
    bare = [case for case in cases if not case.where]
    given = [*places, *("a database server" if _has_database(case) else "its vendor's" for case in bare)]
    return " or ".join(given)


def _has_database(case: Case) -> bool:
    return "database" in case.model.model_fields


def _refused(service: str) -> Iterator[str]:
    for case in _cases(service):
        settings, problems = case.read()
        if settings is None:
            kind = f" ({case.model.__name__})" if len(SmarterOSServices.kinds_of(service)) > 1 else ""
            reasons = "; ".join(dict.fromkeys(f"{problem.why}. Fix: {problem.mend}" for problem in problems))
            yield f"- **{service}**{kind} on {EXAMPLES[case.where].on_page}: {reasons}"


def _container(given: HandedWorkload) -> Iterator[str]:
    workload, sources = given.workload, {**fallback_sources(), **sources_of(given.service)}
    yield f"\n### {given.name}\n"
    if given.option:
        yield f"- only with `{given.option}`"
    yield f"- image: `{workload.image}`"
    yield from _process(workload, sources.get("user", ""))
    yield f"- port: {_port(workload)}" + (f" — {_link(sources.get('port', ''))}" if workload.port else "")
    yield f"- networks: {', '.join(_NETWORKS[access] for access in workload.access)}"
    yield f"- health: {_health(workload.health, workload.port)} — {_link(sources.get('health', ''))}"
    if workload.volumes:
        volumes = "; ".join(_volume(volume) for volume in workload.volumes)
        yield f"- volumes: {volumes} — {_link(sources.get('volumes', ''))}"
    if workload.prepare:
        yield f"- before it starts, `{_command(workload.prepare)}` must end well, in a container of the same kind"
    if workload.scale:
        scale = workload.scale
        yield (
            f"- {scale.min_replicas} to {scale.max_replicas} replicas, one for each {scale.by.per_replica} entries of "
            f"the list `{scale.by.key}` in Redis"
        )
    yield from _variables(given, {**workload.env, **workload.secrets}, sources)
    if workload.secret_files:
        yield f"\n| file in {Workload.SECRETS_FOLDER} | content |\n| --- | --- |"
        yield from (f"| `{file}` | {_content(given.values[file])} |" for file in sorted(workload.secret_files))
    for sidecar in workload.sidecars:
        yield from _sidecar(given, sidecar, sources)


def _process(workload: Workload | Sidecar, source: str = "") -> Iterator[str]:
    yield f"- limits: {workload.cpu:g} CPU, {workload.memory_mb} MB"
    root = "read-only" if workload.read_only_root else f"writable: {workload.writable_root_because}"
    user = f"`{workload.user}`" if workload.user else "the image's own"
    yield f"- user: {user}; root file system: {root}" + (f" — {_link(source)}" if source else "")
    if isinstance(workload, Workload) and workload.capabilities:
        yield f"- capabilities: {', '.join(workload.capabilities)}"


def _port(workload: Workload) -> str:
    if workload.published_ports:
        return f"{', '.join(map(str, workload.published_ports))}, published on the host"
    if workload.port is None:
        return "none"
    named = f", at `https://{workload.hostname}`" if workload.hostname else ""
    routes = "".join(f"; `{path}` leads to {port}" for path, port in workload.routes.items())
    return f"{workload.port}{named}{routes}"


def _health(health: Health, port: int | None) -> str:
    asked = f"`GET {health.http_path}` on {port}" if health.http_path else f"`{_command(health.command)}`"
    return f"{asked}, every {health.interval_s} s, {health.start_s} s for a start"


def _command(words: object) -> str:
    assert isinstance(words, list | tuple)
    return " ".join(" ".join(str(word).split()) for word in words).replace("|", "\\|")


def _volume(volume: Volume) -> str:
    of = f", {volume.of}'s" if getattr(volume, "of", "") else ""
    kept = f"kept{of}" if volume.needs == "posix" else f"scratch of {volume.size_mb} MB"
    return f"`{volume.path}` ({kept})"


def _content(described: str) -> str:
    return described if described.startswith(("secret", "from")) else "made by the program; no secret is in it"


def _variables(given: HandedWorkload, variables: Mapping[str, object], sources: Mapping[str, str]) -> Iterator[str]:
    if variables:
        yield "\n| variable | value | source |\n| --- | --- | --- |"
        for key in sorted(variables):
            value = given.values[key].replace("|", "\\|")
            yield f"| `{key}` | {value} | {_link(source_of(key, sources))} |"


def _sidecar(given: HandedWorkload, sidecar: Sidecar, sources: Mapping[str, str]) -> Iterator[str]:
    yield f"\n#### {given.name.partition(',')[0]}-{sidecar.name}, beside it\n"
    yield f"- image: `{sidecar.image}`"
    yield from _process(sidecar)
    yield f"- health: {_health(sidecar.health, sidecar.port)} — {_link(sources.get('health', ''))}"
    rows = {key: f"`{value}`" for key, value in sidecar.env.items()}
    rows |= {key: f"the address of {given.name}, port {port}" for key, port in sidecar.reaches.items()}
    rows |= {key: "the same" for key in sidecar.shares}
    yield "\n| variable | value | source |\n| --- | --- | --- |"
    yield from (f"| `{key}` | {rows[key]} | {_link(source_of(key, sources))} |" for key in sorted(rows))


def _link(source: str) -> str:
    """An address as a link, with what stands after it."""
    return re.sub(r"https?://[^\s;,]+", r"<\g<0>>", source.replace("|", "\\|"))


def main() -> None:
    """Writes the page."""
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        PAGE.write_text(page(), encoding="utf-8")
        print(f"docs/{Path(PAGE).name}")


if __name__ == "__main__":
    main()
