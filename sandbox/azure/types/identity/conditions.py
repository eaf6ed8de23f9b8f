"""The little language of role assignments' conditions, read as Azure reads it before it keeps one.

What an attribute or an action is worth is not looked up: only that the condition has a meaning at all.
(learn.microsoft.com/azure/role-based-access-control/conditions-format)
"""

from __future__ import annotations

import re

__all__ = ["MOST_CHARACTERS", "SOURCE", "problem_with"]

SOURCE = "https://learn.microsoft.com/azure/role-based-access-control/conditions-format"
MOST_CHARACTERS = 8192
_TOKEN = re.compile(
    r"\s*(?P<token>'(?:[^'\\]|\\.)*'|@[A-Za-z]+\[[^\]\s]+\]|[(){},!]|&&|\|\||[A-Za-z_][A-Za-z0-9_:.-]*|[0-9A-Fa-f][0-9A-Fa-f-]*)"
)
_SOURCES = ("resource", "request", "principal", "environment")
_TEXT = ("Equals", "NotEquals", "StartsWith", "NotStartsWith", "Like", "NotLike")
_NUMBERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_OPERATORS = {
    *(f"String{one}{case}".lower() for one in _TEXT for case in ("", "IgnoreCase")),
    *(f"Numeric{one}".lower() for one in _NUMBERS),
    *(f"DateTime{one}".lower() for one in _NUMBERS),
    *("boolequals", "boolnotequals", "guidequals", "guidnotequals", "ipmatch", "ipnotmatch", "ipinrange"),
    *("timeofdayequals", "timeofdaynotequals", "timeofdaygreaterthan", "timeofdaygreaterthanequals"),
    *("timeofdaylessthan", "timeofdaylessthanequals", "timeofdayinrange", "listcontains", "listnotcontains"),
}
_OF_SETS = tuple(f"for{one}of{other}values:" for one in ("any", "all") for other in ("any", "all"))


def problem_with(condition: str) -> str:
    """What Azure would find wrong with it; "" where nothing is."""
    if len(condition) > MOST_CHARACTERS:
        return f"it has {len(condition)} characters, at most {MOST_CHARACTERS}"
    try:
        _Reader(condition).read()
    except ValueError as error:
        return str(error)
    return ""


class _Reader:
    """Reads by descent: or, and, not, then one term."""

    def __init__(self, condition: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while condition[at:].strip():
            found = _TOKEN.match(condition, at)
            if found is None:
                raise ValueError(f"nothing can begin with {condition[at:].strip()[:20]!r}")
            self._tokens.append(found["token"])
            at = found.end()

    def read(self) -> None:
        """All of it. Raises ValueError."""
        self._either()
        if self._tokens:
            raise ValueError(f"{self._tokens[0]!r} stands where the condition should end")

    def _either(self) -> None:
        self._both()
        while self._takes("or", "||"):
            self._both()

    def _both(self) -> None:
        self._one()
        while self._takes("and", "&&"):
            self._one()

    def _one(self) -> None:
        if self._takes("!", "not"):
            self._one()
        elif self._takes("("):
            self._either()
            self._wants(")")
        else:
            self._term()

    def _term(self) -> None:
        token = self._next("an expression")
        if token.lower() in ("actionmatches", "suboperationmatches"):
            self._wants("{")
            self._value(quoted=True)
            self._wants("}")
            return
        if token.lower() == "exists":
            token = self._next("an attribute")
            self._attribute(token)
            return
        self._attribute(token)
        operator = self._next("an operator").lower()
        plain = next((operator.removeprefix(one) for one in _OF_SETS if operator.startswith(one)), operator)
        if plain not in _OPERATORS:
            raise ValueError(f"{operator!r} is no operator")
        if self._takes("{"):
            self._value()
            while self._takes(","):
                self._value()
            self._wants("}")
        else:
            self._value()

    def _attribute(self, token: str) -> None:
        source = token.partition("[")[0].removeprefix("@").lower()
        if not token.startswith("@") or source not in _SOURCES:
            raise ValueError(f"{token!r} is no attribute: @Resource[…], @Request[…], @Principal[…] or @Environment[…]")

    def _value(self, quoted: bool = False) -> None:
        token = self._next("a value")
        if token.startswith("@") and not quoted:
            return self._attribute(token)
        number = re.fullmatch(r"\d+|true|false|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", token, re.I)
        if not token.startswith("'") and (quoted or number is None):
            raise ValueError(f"{token!r} is no value: text stands in single quotes")

    def _takes(self, *wanted: str) -> bool:
        if self._tokens and self._tokens[0].lower() in wanted:
            del self._tokens[0]
            return True
        return False

    def _wants(self, wanted: str) -> None:
        if not self._takes(wanted):
            raise ValueError(f"{wanted!r} is missing" + (f" before {self._tokens[0]!r}" if self._tokens else ""))

    def _next(self, wanted: str) -> str:
        if not self._tokens:
            raise ValueError(f"it ends where {wanted} should stand")
        return self._tokens.pop(0)
