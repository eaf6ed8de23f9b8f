"""The settings as they stand in a stack's file, read before the engine starts. Decrypts nothing and imports
no pulumi.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import yaml

from kept import Damaged, words
from settings.checks import CHECKS, Checks
from settings.documents import load_document
from settings.model import Settings
from settings.problems import NAMESPACE, Problem, SettingsError, did_you_mean, shown
from settings.reading import KEYS, read_settings, refuse

__all__ = ["load_files"]


def load_files(stack: str, folder: Path, checks: Checks = CHECKS) -> Settings:
    """The settings of a stack, or SettingsError with every problem. The keyring with its secrets stays shut."""
    file = f"Pulumi.{stack}.yaml"
    config = _config(folder / file)
    raw = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in config.items() if key.startswith(f"{NAMESPACE}:")}
    hidden = [key for key, value in raw.items() if _is_encrypted(value) and key in KEYS]
    why = "encrypted, though it is no secret"
    problems = [Problem(file, f"{NAMESPACE}:{key}", "", why, "set it in plain") for key in hidden]
    settings, found = read_settings(
        stack, {key: value for key, value in raw.items() if key not in hidden}, file, checks
    )
    paths = {f"{NAMESPACE}:{key}" for key in hidden}
    refuse([*problems, *(problem for problem in found if problem.path not in paths)])
    if settings is None:  # unreachable: no settings means that there was a problem
        raise SettingsError([])
    refuse(_rivals(settings, folder, file))
    return settings


def _rivals(settings: Settings, folder: Path, file: str) -> Iterator[Problem]:
    """Other environments that want what there is only once."""
    for other in sorted(folder.glob("Pulumi.*.yaml")):
        if other.name != file:
            with contextlib.suppress(SettingsError):  # its own run says what is wrong with it
                theirs = _config(other)
                yield from _one_at_the_names(settings, theirs, file, other.name)
                yield from _one_edge_a_machine(settings, theirs, file, other.name)


def _one_at_the_names(settings: Settings, theirs: Mapping[str, object], file: str, other: str) -> Iterator[Problem]:
    """The real names of a zone. Cloudflare takes a second address for a name and spreads the requests over both."""
    if settings.standby or settings.cloudflare is None:
        return
    if theirs.get(f"{NAMESPACE}:domain") == settings.domain and not _is_on(theirs.get(f"{NAMESPACE}:standby")):
        why = f"{other} is at the names of {settings.domain}, too: requests would go to either"
        yield Problem(file, f"{NAMESPACE}:standby", "false", why, "standby: true in one of the two")


def _one_edge_a_machine(settings: Settings, theirs: Mapping[str, object], file: str, other: str) -> Iterator[Problem]:
    """The ports 80 and 443 of a machine: the second reverse proxy there does not start."""
    proxy = settings.services.traefik
    their_addresses = _edge_addresses(theirs)
    for index, host in enumerate(settings.hosts):
        address = str(getattr(host, "address", ""))
        if proxy is not None and host.name == proxy.placement.host and address in their_addresses:
            why = f"the reverse proxy of {other} is on this machine, too: both would publish its ports 80 and 443"
            mend = "a machine of its own, or no services.traefik in one of the two"
            yield Problem(file, f"{NAMESPACE}:hosts/{index}/address", shown(address), why, mend)


def _edge_addresses(config: Mapping[str, object]) -> set[str]:
    """Where another environment's reverse proxy publishes its ports; none when that can't be read."""
    services, hosts = config.get(f"{NAMESPACE}:services"), config.get(f"{NAMESPACE}:hosts")
    proxy = services.get("traefik") if isinstance(services, Mapping) else None
    place = proxy.get("placement") if isinstance(proxy, Mapping) else None
    name = place.get("host") if isinstance(place, Mapping) else None
    found = [host for host in hosts if isinstance(host, Mapping)] if isinstance(hosts, list) else []
    return {str(host["address"]) for host in found if host.get("name") == name and "address" in host}


def _is_on(value: object) -> bool:
    return value is True or value == "true"  # Pulumi saves it as a text


def _is_encrypted(value: object) -> bool:
    return isinstance(value, Mapping) and list(value) == ["secure"]


def refuse_no_stack(stack: str, root: Path) -> None:
    """Raises SettingsError, with the near name, where there are no settings of that name. Reads none."""
    file = root / f"Pulumi.{stack}.yaml"
    if not file.exists() and not file.is_symlink():
        raise _no_such(file)


def _no_such(file: Path) -> SettingsError:
    stacks = [path.name for path in file.parent.glob("Pulumi.*.yaml")]
    return SettingsError([Problem(file.name, "", "", "there is no such file", did_you_mean(file.name, stacks))])


@lru_cache(maxsize=16)
def _parsed(text: str) -> object:
    """Every environment looks at the files of all others: each is parsed once."""
    return load_document(text)


def _config(file: Path) -> Mapping[str, object]:
    """The `config` of a stack's file."""
    try:
        document = copy.deepcopy(_parsed(words(file, "")))
    except FileNotFoundError:
        raise _no_such(file) from None
    except Damaged as error:
        raise SettingsError([Problem(file.name, "", "", error.why, "make it a readable text in UTF-8")]) from None
    except (ValueError, RecursionError) as error:
        why = "nested too deep, or it holds itself" if isinstance(error, RecursionError) else str(error)
        raise SettingsError([Problem(file.name, "", "", why, "plain values, without & and *")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it can't be parsed"
        raise SettingsError([Problem(file.name, line, "", f"not YAML: {what}", "mend that line")]) from None
    config = document.get("config") if isinstance(document, Mapping) else None
    if not isinstance(config, Mapping):
        raise SettingsError([Problem(file.name, "config", "", "missing", "a mapping of keys to values")])
    return {str(key): value for key, value in config.items()}
