"""Which module declares a service: the one of this folder that is called as the service's key is.

So a service is named once, in its system's settings, and no list of components repeats it. What a system declares
otherwise, it hands to its Platform.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

from components.services.context import Declare

__all__ = ["declare_of", "declares"]


def declare_of(key: str) -> Declare:
    """The `declare` of the service's module. Raises LookupError, with the file that is to have it."""
    module = f"{__name__.rpartition('.')[0]}.{key}"
    file = f"{module.replace('.', '/')}.py"
    if find_spec(module) is None:
        raise LookupError(f"services/{key}: there is no {file}. Fix: write it, with declare(ctx, wanted)")
    declare: Declare | None = getattr(import_module(module), "declare", None)
    if declare is None:
        raise LookupError(f"services/{key}: {file} has no declare. Fix: declare(ctx, wanted) -> ServiceOutputs")
    return declare


def declares(keys: Iterable[str]) -> dict[str, Declare]:
    """Service → what declares it. Only the modules of these are loaded: each loads its vendor's SDK."""
    return {key: declare_of(key) for key in keys}
