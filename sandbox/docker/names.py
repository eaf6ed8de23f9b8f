"""How Docker writes things: the name of an image (and the digest and id that stand for it here; no registry is asked),
the name of a volume, a boolean.
"""

from __future__ import annotations

import re

from sandbox.docker.daemon import PROVIDER, digest

__all__ = [
    *("GO_BOOLEAN", "LABEL_GO", "REFERENCE", "REFERENCE_GO", "VOLUME_NAME", "image_id", "is_hexadecimal", "is_one"),
    *("repo_digest", "repository"),
]

REFERENCE_GO = "https://github.com/distribution/reference/blob/main/reference.go"

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?/)?"
_TAG = r"(?::[\w][\w.-]{0,127})?"
_DIGEST = r"(?:@sha256:[0-9a-f]{64})?"
GO_BOOLEAN = r"(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)"
"""strconv.ParseBool."""
VOLUME_NAME = r"[a-zA-Z0-9][a-zA-Z0-9_.-]+"
LABEL_GO = f"{PROVIDER}/helpers.go (labelSchema)"
REFERENCE = _DOMAIN + _COMPONENT + rf"(?:/{_COMPONENT})*" + _TAG + _DIGEST


def is_one(text: str) -> bool:
    """Whether it names an image that a registry may have. An id is none, though `sha256:…` looks like name and tag."""
    return re.fullmatch(REFERENCE, text) is not None and not text.startswith("sha256:") and not is_hexadecimal(text)


def is_hexadecimal(text: str) -> bool:
    """Whether it looks like an id, which no repository may (reference.ParseNormalizedNamed)."""
    return re.fullmatch(r"[a-f0-9]{64}", text) is not None


def repository(name: str) -> str:
    """An image name without tag and digest."""
    bare = name.partition("@")[0]
    head, slash, tail = bare.rpartition("/")
    return head + slash + tail.partition(":")[0]


def repo_digest(name: str) -> str:
    """What `docker inspect` shows: repository@sha256, the digest given or one made from the name."""
    given = name.partition("@")[2]
    return f"{repository(name)}@{given or 'sha256:' + digest('registry', name)}"


def image_id(name: str) -> str:
    """The id of the image behind a name: the same on every host, as content-addressed ids are."""
    return "sha256:" + digest("image", repo_digest(name))
