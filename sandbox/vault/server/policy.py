"""Vault's policies: what a document means, and what a token with several of them may do on a path.

The rules are those of the documentation (developer.hashicorp.com/vault/docs/concepts/policies): everything is refused
that is not granted; an exact path comes before patterns; among patterns the most specific one decides alone; the same
path in several policies adds up, unless one denies. What restricts parameters or wrapping is refused, not ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ACL", "CAPABILITIES", "PolicyError", "Rule", "parse", "template_problem"]

CAPABILITIES = ("create", "read", "update", "delete", "list", "patch", "sudo", "deny", "subscribe", "recover")
_OLD_WORDS = {
    "deny": ("deny",),
    "read": ("read", "list"),
    "write": ("create", "read", "update", "delete", "list"),
    "sudo": ("create", "read", "update", "delete", "list", "sudo"),
}
_NOT_SIMULATED = (
    *("allowed_parameters", "denied_parameters", "required_parameters", "min_wrapping_ttl", "max_wrapping_ttl"),
    *("mfa_methods", "control_group", "subscribe_event_types"),
)
_TOKEN = re.compile(
    r'\s+|#[^\n]*|//[^\n]*|/\*.*?\*/|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<word>[A-Za-z_][\w-]*)|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>[{}\[\]=,])',
    re.DOTALL,
)


class PolicyError(Exception):
    """A document that Vault refuses."""


@dataclass(frozen=True)
class Rule:
    """What one `path` block grants."""

    path: str
    capabilities: frozenset[str]

    @property
    def segments(self) -> bool:
        """Whether a `+` stands for a segment of it."""
        return self.path == "+" or "/+" in self.path or self.path.startswith("+/")

    @property
    def prefix(self) -> bool:
        """Whether it ends in `*`."""
        return self.path.endswith("*")

    @property
    def fixed(self) -> str:
        """The path without a final `*`."""
        return self.path.removesuffix("*")

    def matches(self, path: str) -> bool:
        """Whether the pattern covers the path."""
        if not self.segments:
            return path.startswith(self.fixed) if self.prefix else path == self.path
        wanted, given = self.fixed.split("/"), path.split("/")
        if len(given) < len(wanted) or (not self.prefix and len(given) != len(wanted)):
            return False
        last = len(wanted) - 1
        return all(
            want in ("+", have) or (self.prefix and index == last and have.startswith(want))
            for index, (want, have) in enumerate(zip(wanted, given, strict=False))
        )

    @property
    def priority(self) -> tuple[int, bool, int, int, str]:
        """The larger of two matching patterns decides."""
        first = self.path.index("+") if self.segments else len(self.fixed)
        wild = self.fixed.split("/").count("+") if self.segments else 0
        return first, not self.prefix, -wild, len(self.fixed), self.fixed


def parse(document: str) -> list[Rule]:
    """The rules of a policy, in HCL or JSON. Raises PolicyError in Vault's words."""
    try:
        blocks = _from_json(document) if document.lstrip().startswith("{") else list(_from_hcl(document))
        return [_rule(path, content) for path, content in blocks]
    except PolicyError as error:
        raise PolicyError(f"failed to parse policy: {error}") from None


def _rule(path: str, content: Mapping[str, Any]) -> Rule:
    for key in content:
        if key in _NOT_SIMULATED:
            raise PolicyError(f'path "{path}": {key} is not simulated')
        if key not in ("capabilities", "policy", "comment"):
            raise PolicyError(f'path "{path}": invalid key "{key}"')
    if not _balanced(path):
        raise PolicyError("failed to validate policy templating: unbalanced templating characters")
    clean = path.removeprefix("/")
    if "+*" in clean:
        raise PolicyError(f"path \"{path}\": invalid use of wildcards ('+*' is forbidden)")
    given = content.get("capabilities", [])
    word = content.get("policy")
    if word is not None and word not in _OLD_WORDS:
        raise PolicyError(f'path "{path}": invalid policy "{word}"')
    capabilities = [*(given if isinstance(given, list) else [given]), *_OLD_WORDS.get(str(word), ())]
    for one in capabilities:
        if one not in CAPABILITIES:
            raise PolicyError(f'path "{path}": invalid capability "{one}"')
    return Rule(clean, frozenset(["deny"] if "deny" in capabilities else capabilities))


def _balanced(path: str) -> bool:
    """Whether each {{ has its one }} (sdk/helper/identitytpl PopulateString)."""
    first, *pieces = path.split("{{")
    return "}}" not in first and all(piece.count("}}") == 1 for piece in pieces)


_ENTITY = (
    r"id|name|metadata|metadata\..+|aliases\.[^.]+\.(id|name|metadata|metadata\..+|custom_metadata|custom_metadata\..+)"
)
_GROUPS = r"(ids|names)\.[^.]+\.(id|name|metadata\..+)"
_TIME = r"now(\.(plus|minus)\.\d+[smhd]?)?"


def template_problem(directive: str) -> str:
    """Why what stands between {{ and }} never becomes anything; empty when it can."""
    found = re.fullmatch(
        rf"identity\.entity\.({_ENTITY})|identity\.groups\.({_GROUPS})|time\.({_TIME})", directive.strip()
    )
    return "" if found else f"{{{{{directive}}}}} is no parameter of a template"


def _from_json(document: str) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        whole = json.loads(document)
    except ValueError as error:
        raise PolicyError(str(error)) from None
    for key in whole if isinstance(whole, dict) else ():
        if key not in ("name", "path"):
            raise PolicyError(f'invalid key "{key}"')
    blocks = whole.get("path", {}) if isinstance(whole, dict) else None
    found = [pair for one in (blocks if isinstance(blocks, list) else [blocks]) for pair in _pairs(one)]
    for path, content in found:
        if not isinstance(content, dict):
            raise PolicyError(f'path "{path}": an object is expected')
    return found


def _pairs(block: Any) -> list[tuple[str, Any]]:
    if not isinstance(block, dict):
        raise PolicyError("an object of paths is expected")
    return list(block.items())


def _tokens(document: str) -> Iterator[tuple[str, str, int]]:
    at = 0
    while at < len(document):
        match = _TOKEN.match(document, at)
        if match is None:
            raise PolicyError(f"line {document.count(chr(10), 0, at) + 1}: illegal character {document[at]!r}")
        if match.lastgroup is not None:
            yield match.lastgroup, match.group(), document.count("\n", 0, at) + 1
        at = match.end()
    yield "end", "", document.count("\n") + 1


def _from_hcl(document: str) -> Iterator[tuple[str, dict[str, Any]]]:
    tokens = _tokens(document)
    for kind, text, line in tokens:
        if kind == "end":
            return
        if text == "name":  # older documents say what they are called
            _expect(tokens, "=")
            _value(tokens)
            continue
        if text.strip('"') != "path":
            raise PolicyError(f'invalid key "{text.strip(chr(34))}" on line {line}')
        kind, path, line = next(tokens)
        if kind != "text":
            raise PolicyError(f"line {line}: a path is a text in quotes")
        _, text, line = next(tokens)
        if text == "=":  # path "a" = { … } means the same
            _, text, line = next(tokens)
        if text != "{":
            raise PolicyError(f"line {line}: expected '{{', got {text or 'EOF'!r}")
        yield _text(path), dict(_body(tokens))


def _body(tokens: Iterator[tuple[str, str, int]]) -> Iterator[tuple[str, Any]]:
    for _, text, line in tokens:
        if text == "}":
            return
        if text == "":
            raise PolicyError(f"line {line}: object expected closing RBRACE got: EOF")
        if text == ",":
            continue
        _expect(tokens, "=")
        yield text.strip('"'), _value(tokens)


def _value(tokens: Iterator[tuple[str, str, int]]) -> Any:
    kind, text, line = next(tokens)
    if kind == "text":
        return _text(text)
    if kind == "number" or text in ("true", "false"):
        return json.loads(text)
    if text == "{":
        return dict(_body(tokens))
    if text != "[":
        raise PolicyError(f"line {line}: a text or a list of texts is expected, not {text or 'the end'!r}")
    found: list[str] = []
    separated = True
    for kind, text, line in tokens:
        if text == "]":
            return found
        if kind == "text" and separated:
            found.append(_text(text))
            separated = False
        elif text == "," and not separated:
            separated = True
        else:
            raise PolicyError(f"line {line}: error parsing list, expected comma or list end, got: {text or 'EOF'}")
    return found


def _expect(tokens: Iterator[tuple[str, str, int]], sign: str) -> None:
    _, text, line = next(tokens)
    if text != sign:
        raise PolicyError(f"line {line}: expected {sign!r}, got {text or 'EOF'!r}")


def _text(quoted: str) -> str:
    return str(json.loads(quoted))


class ACL:
    """What a token may do: all its policies together."""

    def __init__(self, policies: Sequence[Sequence[Rule]], *, root: bool = False) -> None:
        self.root = root
        self._exact: dict[str, frozenset[str]] = {}
        self._patterns: dict[str, frozenset[str]] = {}
        for rule in (rule for policy in policies for rule in policy):
            into = self._patterns if rule.segments or rule.prefix else self._exact
            known = into.get(rule.path)
            both = rule.capabilities if known is None else known | rule.capabilities
            into[rule.path] = frozenset({"deny"}) if "deny" in both else both

    def granted(self, path: str, operation: str = "") -> frozenset[str]:
        """The capabilities on a path; none when no rule matches. A `list` also finds rules without the final slash."""
        path = path.lstrip("/")
        bare = path.removesuffix("/")
        for one in (path, bare) if operation == "list" else (path,):
            if one in self._exact:
                return self._exact[one]
        for one in (bare, path) if operation == "list" and path != bare else (path,):
            found = [Rule(text, granted) for text, granted in self._patterns.items()]
            matching = [rule for rule in found if rule.matches(one)]
            if matching:
                return max(matching, key=lambda rule: rule.priority).capabilities
        return frozenset()

    def allows(self, operation: str, path: str, *, sudo: bool = False) -> bool:
        """Whether the operation may be done there. `sudo`: the path is one of those that need it as well."""
        if self.root:
            return True
        granted = self.granted(path, operation)
        return "deny" not in granted and operation in granted and (not sudo or "sudo" in granted)

    def reaches(self, mount: str) -> bool:
        """Whether anything is granted at or below a mount's path, which is what its existence may be told for."""
        rules = [Rule(path, able) for path, able in (*self._exact.items(), *self._patterns.items())]
        return self.root or any(
            "deny" not in rule.capabilities
            and rule.capabilities
            and (rule.fixed.startswith(mount) or (rule.prefix and mount.startswith(rule.fixed)) or rule.matches(mount))
            for rule in rules
        )

    def capabilities(self, path: str) -> list[str]:
        """The capabilities on a path, as sys/capabilities answers them."""
        if self.root:
            return ["root"]
        granted = self.granted(path, "list")
        return ["deny"] if not granted or "deny" in granted else sorted(granted)
