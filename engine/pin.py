"""The engine that SmarterOS runs on: its version, in one place.

It does not say where a copy lies on this machine (`engine.find`) nor how one is got
(`python -m engine`). The SDK in requirements.in has the same version.
"""

from __future__ import annotations

__all__ = ["GO_PACKAGE", "GO_VERSION_VARIABLE", "VERSION", "is_compatible"]

VERSION = "3.259.0"

# What `go build` builds, from go.mod and go.sum beside this file.
GO_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
GO_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def is_compatible(version: str) -> bool:
    """Is an engine of this version (`v3.260.1`) as good as the pinned one: same major, not older?"""
    try:
        found = _numbers(version)
    except ValueError:
        return False
    pinned = _numbers(VERSION)
    return len(found) == 3 and found[0] == pinned[0] and found >= pinned


def _numbers(version: str) -> tuple[int, ...]:
    release = version.strip().removeprefix("v").split("+")[0]
    return tuple(int(part) for part in release.split("."))
