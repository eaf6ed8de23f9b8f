"""Templates of .env files, as people keep keys of others' services: one group a vendor, made from the settings model.

They hold no value. A filled one is read once, by `./smos keys import`; the values live in the keyring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from settings.accounts import Account, every_account
from settings.expected import expected_secrets
from settings.parts import Cloudflare, camel
from settings.problems import NAMESPACE
from settings.secrets import PLATFORM_SECRETS, SHAPES, ExpectedSecret, Secret, entry_of
from settings.systems import SYSTEMS

if TYPE_CHECKING:
    from settings.model import Settings

__all__ = ["Group", "Key", "Plain", "groups", "rendered"]

HEAD = """\
# {title}
# Made by ./smos env pages from the settings: change those, not this file. It holds no values, and never will.
# Fill in a copy outside of the clone; then ./smos keys import COPY, and delete the copy.
"""

_AS_TRACKED: Mapping[str, Sequence[str]] = {"backup_stores_with_s3": ("r2",), "backup_stores": ("r2", "azure")}
"""What the tracked files call those of which each has keys of its own: for a template of no stack in particular."""


@dataclass(frozen=True)
class Key:
    """A variable whose value is in the keyring."""

    variable: str
    entry: str
    secret: Secret
    handed_to: str

    @property
    def made_here(self) -> bool:
        """Whether `./smos keys init` makes it."""
        return self.secret.scope != "external"


@dataclass(frozen=True)
class Plain:
    """A variable whose value is no secret: it stands in the stack's file."""

    variable: str
    path: str
    description: str


@dataclass(frozen=True)
class Group:
    """The keys that one vendor gives, as one template lists them."""

    key: str
    title: str
    keys: tuple[Key, ...]
    plain: tuple[Plain, ...] = ()


def groups(settings: Settings | None = None) -> list[Group]:
    """Every vendor's, in the order of their names. With the settings of a stack they say who is handed what there."""
    found = [_of_account(path, account, settings) for path, account in every_account()]
    others: dict[str, list[Key]] = {}
    for secret, whose in _external():
        others.setdefault(secret.name.partition("_")[0], []).extend(_keys(secret, whose, settings))
    for vendor, keys in others.items():
        plain = _plain_of_zone() if vendor == "cloudflare" else ()
        found.append(Group(vendor, vendor.capitalize(), tuple(keys), plain))
    return sorted(found, key=lambda group: group.key)


def rendered(group: Group) -> str:
    """The text of the template."""
    lines = [HEAD.format(title=group.title)]
    for key in group.keys:
        shape = SHAPES[key.secret.kind]
        lines += [
            f"# {key.secret.purpose}.",
            f"# How to get it: {shape.mend}.",
            f"# Refused when it is {shape.why}.",
            f"# Kept in the keyring as {key.entry}; handed to {key.handed_to}.",
        ]
        if key.made_here:
            lines.append(f"# Made by ./smos keys init; to see it: ./smos keys show {key.entry} --reveal")
        lines += [f"{'# ' if key.made_here else ''}{key.variable}=", ""]
    if group.plain:
        lines.append("# No secrets, so they stand in Pulumi.<stack>.yaml and not here:")
        lines += [f"# {one.variable}: {one.path} ({one.description})" for one in group.plain]
        lines.append("")
    return "\n".join(lines)


def made_here(settings: Settings) -> list[ExpectedSecret]:
    """The secrets of a stack that nobody has to get anywhere."""
    return [one for one in expected_secrets(settings) if not one.external]


def _of_account(path: tuple[str, str], account: type[Account], settings: Settings | None) -> Group:
    named = dict(settings.accounts_named()) if settings else {}
    whole = f"{NAMESPACE}:{'/'.join(path)}"
    whom = f"the services that {whole}/for names"
    if settings is not None:
        there = named.get(path)
        whom = ", ".join(there.services) if there else f"nobody: {whole} is not in Pulumi.{settings.stack}.yaml"
    keys = tuple(Key(one.variable, entry_of(one.secret, ""), one.secret, whom) for one in account.secrets)
    fields = account.model_fields
    plain = tuple(
        Plain(variable, f"{whole}/{camel(name)}", str(fields[name].description))
        for variable, name in account.plain.items()
        if name in fields
    )
    return Group(path[1], f"{account.vendor} ({whole})", keys, plain)


def _keys(secret: Secret, whose: str, settings: Settings | None) -> Iterator[Key]:
    """One; or one for each thing that has its own, by its name."""
    variable, entry = secret.name.upper(), entry_of(secret, "")
    if not secret.each:
        yield Key(variable, entry, secret, whose)
        return
    names = [str(one.name) for one in getattr(settings, secret.each)] if settings else _AS_TRACKED[secret.each]
    for name in names:
        yield Key(f"{variable}_{name.upper().replace('-', '_')}", f"{entry}/{name}", secret, whose)


def _plain_of_zone() -> tuple[Plain, ...]:
    return tuple(
        Plain(f"CLOUDFLARE_{name.upper()}", f"{NAMESPACE}:cloudflare/{camel(name)}", str(field.description))
        for name, field in Cloudflare.model_fields.items()
    )


def _external() -> Iterator[tuple[Secret, str]]:
    """What vendors make for the platform itself and for single services, each once, and whom it is handed to."""
    seen: set[str] = set()
    of_services = [
        (one, f"the service {key}")
        for system in SYSTEMS.values()
        for key, kind in system.services.kinds()
        for one in (*kind.secrets, *kind.optional_secrets)
    ]
    for one, whose in [*((one, "the platform itself") for one in PLATFORM_SECRETS), *of_services]:
        if one.scope == "external" and one.name not in seen:
            seen.add(one.name)
            yield one, whose
