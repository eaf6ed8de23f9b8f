"""Azure Storage: the small languages in its properties: metadata and CORS."""

from __future__ import annotations

import re

from sandbox.core.rules import Between, Must, Required, Rule
from sandbox.core.values import Props, Value

__all__ = ["cors_rules", "metadata_rule"]

_METADATA = (
    "https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata"
)
_SIZES = "https://learn.microsoft.com/rest/api/storageservices/setting-and-retrieving-properties-and-metadata-for-blob-resources"
_CORS = "https://learn.microsoft.com/rest/api/storageservices/cross-origin-resource-sharing--cors--support-for-the-azure-storage-services"
_MOST_BYTES = 8192
_ORIGIN = r"\*|https?://(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?"
_HEADER = r"\*|[!#$%&'+.^_`|~0-9A-Za-z-]+\*?"
_MOST_LITERAL, _MOST_PREFIXED, _LONGEST = 64, 2, 256


def _metadata(value: Value, _: Props) -> bool | str:
    names = [str(name) for name in value]
    wrong = next((name for name in names if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)), None)
    if wrong is not None:
        return f"name {wrong!r}"
    if len({name.lower() for name in names}) < len(names):
        return "two names are the same but for case"
    texts = [item for item in value.values() if isinstance(item, str)]
    if any(not text.isascii() or not text.isprintable() for text in texts):
        return "a value has characters that no HTTP header can have"
    size = sum(map(len, [*names, *texts]))
    return size <= _MOST_BYTES or f"{size} bytes"


def metadata_rule() -> Must:
    """What a container or share may be marked with: it travels as HTTP headers."""
    return Must(
        path="metadata",
        test=_metadata,
        partial=True,
        says="names are letters, digits and '_', not starting with a digit, told apart without case; values are ASCII; "
        "all of it has at most 8 KB",
        source=f"{_METADATA}; {_SIZES}",
    )


def _origins(value: Value, _: Props) -> bool | str:
    given = [one for one in value if isinstance(one, str)]
    if len(value) > _MOST_LITERAL:
        return f"{len(value)} origins (at most {_MOST_LITERAL})"
    wrong = next((one for one in given if len(one) > _LONGEST or not re.fullmatch(_ORIGIN, one)), None)
    return wrong is None or repr(wrong[:40])


def _headers(value: Value, _: Props) -> bool | str:
    given = [one for one in value if isinstance(one, str)]
    prefixed = [one for one in given if one.endswith("*") and one != "*"]
    if len(prefixed) > _MOST_PREFIXED:
        return f"{len(prefixed)} headers that end with *"
    if len(value) - len(prefixed) > _MOST_LITERAL:
        return f"{len(value) - len(prefixed)} headers"
    wrong = next((one for one in given if len(one) > _LONGEST or not re.fullmatch(_HEADER, one)), None)
    return wrong is None or repr(wrong[:40])


def cors_rules(path: str) -> tuple[Rule, ...]:
    """For a list of CORS rules."""
    rule = f"{path}[*]"
    return (
        *(
            Required(path=f"{rule}.{name}", says="is required: at least one", source=_CORS)
            for name in ("allowedOrigins", "allowedMethods")
        ),
        Between(path=f"{rule}.maxAgeInSeconds", least=0, most=2147483647, source=_CORS),
        Must(
            path=f"{rule}.allowedOrigins",
            partial=True,
            test=_origins,
            says="an origin is * or scheme and host, without a path, up to 256 characters; at most 64",
            source=_CORS,
        ),
        *(
            Must(
                path=f"{rule}.{name}",
                partial=True,
                test=_headers,
                says="a header may end with * (at most two do); at most 64 others, each up to 256 characters",
                source=_CORS,
            )
            for name in ("allowedHeaders", "exposedHeaders")
        ),
    )
