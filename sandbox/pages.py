"""The pages of docs/providers: what each simulated type checks, replaces, computes, and what it does not check.

Made from the very tables that refuse inputs, so that a page can't promise more than is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kept import mapping, publish
from sandbox.core.compiler import sdk_version
from sandbox.core.kinds import Package, ResourceType
from sandbox.core.rules import Rule

__all__ = ["PLUGINS", "last_checked", "page", "write_pages"]

PLUGINS = "plugins"
"""The key in docs/live-checks.json under which the official plugins' lives are; every other one is a type."""
_HEAD = (
    "<!-- Made by `./smos sandbox pages` from sandbox/; a test compares. -->\n"
    "# Simulated provider: {name}\n\n"
    "SDK {version}. Every type is also checked against the SDK's own types: names, nesting, value types and enums.\n"
    "What is not listed under *simulated properties* is refused, because nothing here could tell a right value of it\n"
    "from a wrong one.\n"
)


def page(package: Package, live: dict[str, str]) -> str:
    """The page of one provider. `live`: type → date of the last check against the real vendor."""
    lines = [_HEAD.format(name=package.name, version=sdk_version(package.name))]
    if package.config:
        lines += ["\n## The provider's own configuration\n", *(_rule(rule) for rule in package.config)]
    lines += ["\n## Types\n", "| type | rules | last checked live |", "| --- | --- | --- |"]
    for kind in package.types:
        name = kind.token.split(":", 1)[1]
        lines.append(f"| [{name}](#{_anchor(name)}) | {len(kind.rules)} | {live.get(kind.token, 'never')} |")
    for kind in package.types:
        lines += _type(kind, live.get(kind.token, "never"))
    if package.functions:
        lines.append("\n## Functions\n")
        lines += [f"- `{function.token}`: {function.about}" for function in package.functions]
    return "\n".join(lines).rstrip() + "\n"


def last_checked(file: Path) -> dict[str, str]:
    """Type → when it was last checked against the real vendor, and what came of it (docs/live-checks.json)."""
    if not file.exists():
        return {}
    found = {}
    for token, one in mapping(file, f"git checkout {file.name}").items():
        if token == PLUGINS:
            continue
        open_, left = len(one["disagreements"]), len(one["notReplayed"])
        parts = [f"{one['cases']} cases"]
        parts += [f"{left} not replayed"] if left else []
        parts += [f"{open_} disagreement{'s' if open_ != 1 else ''}"]
        found[token] = f"{one['date']}: {', '.join(parts)}"
    return found


def write_pages(packages: tuple[Package, ...], folder: Path, live: dict[str, str]) -> list[Path]:
    """Writes every provider's page; answers those that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for package in packages:
        file, text = folder / f"{package.name}.md", page(package, live)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            publish(file, text)
            changed.append(file)
    return changed


def _type(kind: ResourceType, live: str) -> Iterator[str]:
    yield f"\n### {kind.token.split(':', 1)[1]}\n"
    yield f"{kind.about}\n"
    yield f"- last checked live: {live}"
    yield f"- simulated properties: {', '.join(f'`{name}`' for name in kind.properties)}"
    if kind.replaces:
        yield f"- a change replaces it: {', '.join(f'`{name}`' for name in kind.replaces)}"
    if kind.computed:
        yield f"- computed: {', '.join(f'`{name}`' for name in kind.computed)}"
    if kind.secret_outputs:
        yield f"- secret outputs: {', '.join(f'`{name}`' for name in kind.secret_outputs)}"
    titles = {
        "check": "Checked at preview",
        "create": "Checked when it is made",
        "cloud": "Checked against what exists",
    }
    for phase, title in titles.items():
        rules = [rule for rule in kind.rules if rule.phase == phase]
        if rules:
            yield f"\n{title}:\n"
            yield from (_rule(rule) for rule in rules)
    if kind.not_checked:
        yield "\nNot checked:\n"
        yield from (f"- {sentence}" for sentence in kind.not_checked)
    yield "\nSources: " + ", ".join(_source(source) for source in kind.sources)


def _rule(rule: Rule) -> str:
    condition = " (under a condition)" if rule.when is not None else ""
    source = f" — {_source(rule.source)}" if rule.source else ""
    where = f"`{rule.path}`" if rule.path else "the resource"
    return f"- {where}{condition}: {rule.sentence}{source}"


def _source(source: str) -> str:
    return f"<{source}>" if source.startswith("http") else f"`{source}`"


def _anchor(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum() or letter in "-_ ").replace(" ", "-")
