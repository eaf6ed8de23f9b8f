"""The random provider: real randomness, drawn once at creation and kept in Pulumi's state alone."""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Between, Must, Rule
from sandbox.core.values import UNKNOWN, Props, Value

__all__ = ["TYPES"]

PROVIDER = "https://github.com/hashicorp/terraform-provider-random/blob/main/internal/provider"
STRINGS = "https://github.com/hashicorp/terraform-provider-random/blob/main/internal/random/string.go"
SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
CLASSES = {
    "upper": ("minUpper", string.ascii_uppercase),
    "lower": ("minLower", string.ascii_lowercase),
    "numeric": ("minNumeric", string.digits),
    "special": ("minSpecial", SPECIAL),
}


def _kept(name: str) -> Callable[[Computing], Value]:
    """Drawn at creation (`on_create`); the same ever after."""
    return lambda computing: computing.old.get(name)


def _characters(inputs: Props, name: str) -> str:
    if name == "special" and inputs.get("overrideSpecial"):
        return str(inputs["overrideSpecial"])
    return CLASSES[name][1]


def draw(inputs: Props) -> str:
    """A text of the wanted length with at least the wanted numbers of each class, in random order."""
    pool = "".join(_characters(inputs, name) for name in CLASSES if inputs.get(name, True))
    drawn = [
        secrets.choice(_characters(inputs, name))
        for name, (least, _) in CLASSES.items()
        for _ in range(int(inputs.get(least, 0)))
    ]
    drawn += [secrets.choice(pool) for _ in range(int(inputs["length"]) - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


def _enough(value: Value, props: Props) -> bool | str:
    least = [props.get(name, 0) for name, _ in CLASSES.values()]
    if UNKNOWN in least:
        return True
    return value >= sum(least) or f"{value} for {sum(least)} characters of min_upper, min_lower, …"


def _some_class(_: Value, props: Props) -> bool:
    switches = [props.get(name, True) for name in CLASSES]
    return any(switch is not False for switch in switches)


STRING_RULES: tuple[Rule, ...] = (
    Between(path="length", least=1, source=f"{PROVIDER}/resource_password.go"),
    *(Between(path=least, least=0, source=f"{PROVIDER}/resource_password.go") for least, _ in CLASSES.values()),
    Must(
        path="length",
        test=_enough,
        says="must be at least the sum of the min* values",
        source=f"{PROVIDER}/resource_password.go",
    ),
    Must(
        path="length",
        name="must:length:characters",
        test=_some_class,
        says="the character set specified is empty: leave one of upper, lower, numeric, special on",
        source=STRINGS,
    ),
)
STRING_INPUTS = (
    *("length", "keepers", "lower", "minLower", "minNumeric", "minSpecial", "minUpper", "numeric"),
    *("overrideSpecial", "special", "upper"),
)


def _made(name: str) -> Callable[[Computing], Value]:
    return lambda computing: computing.inputs.get(name, 0 if name.startswith("min") else True)


STRING_OUTPUTS = {name: _made(name) for name in STRING_INPUTS if name not in ("length", "keepers", "overrideSpecial")}


def _string(computing: Computing) -> Mapping[str, Any]:
    result = draw(computing.inputs)
    return {"id": result, "result": result}


def _password(computing: Computing) -> Mapping[str, Any]:
    return {"id": "none", "result": draw(computing.inputs)}


def _id(computing: Computing) -> Mapping[str, Any]:
    data = secrets.token_bytes(int(computing.inputs["byteLength"]))
    prefix = str(computing.inputs.get("prefix", ""))
    url = base64.urlsafe_b64encode(data).decode().rstrip("=")
    return {
        "id": url,
        "b64Url": prefix + url,
        "b64Std": prefix + base64.b64encode(data).decode(),
        "hex": prefix + data.hex(),
        "dec": prefix + str(int.from_bytes(data, "big")),
    }


def _bytes(computing: Computing) -> Mapping[str, Any]:
    data = secrets.token_bytes(int(computing.inputs["length"]))
    return {"id": "none", "base64": base64.b64encode(data).decode(), "hex": data.hex()}


def _uuid(_: Computing) -> Mapping[str, Any]:
    result = str(uuid.uuid4())
    return {"id": result, "result": result}


def _integer(computing: Computing) -> Mapping[str, Any]:
    least, most = int(computing.inputs["min"]), int(computing.inputs["max"])
    result = least + secrets.randbelow(most - least + 1)
    return {"id": str(result), "result": result}


def _ordered(value: Value, props: Props) -> bool | str:
    most = props.get("max")
    return most is UNKNOWN or most is None or value <= most or f"{value} > {most}"


def _type(
    name: str,
    about: str,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    act: Callable[[Computing], Mapping[str, Any]],
    **more: Any,
) -> ResourceType:
    file = {"Id": "id", "Bytes": "bytes", "Uuid": "uuid", "Integer": "integer", "Password": "password"}
    token = f"random:index/random{name}:Random{name}"
    shown = more.pop("shown", {})
    return ResourceType(
        token=token,
        about=about,
        sources=(f"{PROVIDER}/resource_{file.get(name, 'string')}.go",),
        properties=inputs,
        id=lambda computing: "",
        computed={**shown, **{output: _kept(output) for output in outputs}},
        replaces=inputs,
        state_only=True,
        on_create=act,
        **more,
    )


TYPES = (
    _type(
        "Password",
        "A secret text. Any change of its inputs draws a new one.",
        STRING_INPUTS,
        ("result",),
        _password,
        rules=STRING_RULES,
        secret_outputs=("result",),
        shown=STRING_OUTPUTS,
        not_checked=(
            "`bcryptHash` is not made: it stays empty",
            "`number` (deprecated) is refused: use numeric",
        ),
    ),
    _type(
        "String",
        "A text that is no secret. Any change of its inputs draws a new one.",
        STRING_INPUTS,
        ("result",),
        _string,
        rules=STRING_RULES,
        shown=STRING_OUTPUTS,
        not_checked=("`number` (deprecated) is refused: use numeric",),
    ),
    _type(
        "Id",
        "Random bytes as an identifier, in four notations.",
        ("byteLength", "keepers", "prefix"),
        ("b64Std", "b64Url", "dec", "hex"),
        _id,
        rules=(Between(path="byteLength", least=1, source=f"{PROVIDER}/resource_id.go"),),
    ),
    _type(
        "Bytes",
        "Secret random bytes (keys).",
        ("length", "keepers"),
        ("base64", "hex"),
        _bytes,
        rules=(Between(path="length", least=1, source=f"{PROVIDER}/resource_bytes.go"),),
        secret_outputs=("base64", "hex"),
    ),
    _type("Uuid", "A random UUID (version 4).", ("keepers",), ("result",), _uuid, rules=()),
    _type(
        "Integer",
        "A whole number from min to max, both included.",
        ("min", "max", "keepers"),
        ("result",),
        _integer,
        rules=(
            Must(
                path="min",
                test=_ordered,
                says="The minimum (min) value needs to be smaller than or equal to maximum (max) value.",
                source=f"{PROVIDER}/resource_integer.go",
            ),
        ),
        not_checked=("`seed` is refused: Go's generator is not simulated",),
    ),
)
