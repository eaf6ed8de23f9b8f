"""The settings as they stand in a stack's file, read before the engine starts. Decrypts nothing and imports
no pulumi.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from settings.checks import CHECKS, Checks
from settings.model import Settings
from settings.problems import NAMESPACE, Problem, SettingsError
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
    """Other environments at the real names of the same zone. Cloudflare takes a second address for a name and spreads
    the requests over both.
    """
    for other in sorted(folder.glob("Pulumi.*.yaml")):
        if settings.standby or settings.cloudflare is None or other.name == file:
            continue
        with contextlib.suppress(SettingsError):  # its own run says what is wrong with it
            theirs = _config(other)
            if theirs.get(f"{NAMESPACE}:domain") == settings.domain and not _is_on(theirs.get(f"{NAMESPACE}:standby")):
                why = f"{other.name} is at the names of {settings.domain}, too: requests would go to either"
                yield Problem(file, f"{NAMESPACE}:standby", "false", why, "standby: true in one of the two")


def _is_on(value: object) -> bool:
    return value is True or value == "true"  # Pulumi saves it as a text


def _is_encrypted(value: object) -> bool:
    return isinstance(value, Mapping) and list(value) == ["secure"]


def _config(file: Path) -> Mapping[str, object]:
    """The `config` of a stack's file."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        stacks = sorted(path.name for path in file.parent.glob("Pulumi.*.yaml"))
        why = "there is no such file"
        raise SettingsError([Problem(file.name, "", "", why, f"one of: {', '.join(stacks) or '(none)'}")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Problem(file.name, "", "", f"can't be read ({error})", "make it readable")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it can't be parsed"
        raise SettingsError([Problem(file.name, line, "", f"not YAML: {what}", "mend that line")]) from None
    config = document.get("config") if isinstance(document, Mapping) else None
    if not isinstance(config, Mapping):
        raise SettingsError([Problem(file.name, "config", "", "missing", "a mapping of keys to values")])
    return {str(key): value for key, value in config.items()}
