"""R2, as the contract suite reads it: it runs nothing."""

from __future__ import annotations

from tests.components.places.example import Example

__all__ = ["R2"]

R2 = Example(where="r2", on_page="Cloudflare R2", placement={"where": "r2"})
