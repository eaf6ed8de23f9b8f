"""The JSON Schema of a tenant's file, for editors: `tenants/tenant.schema.json` is made from the model."""

from __future__ import annotations

import json
from pathlib import Path

from tenants.model import Tenant

__all__ = ["FILE", "schema"]

FILE = Path(__file__).with_name("tenant.schema.json")


def schema() -> str:
    """The schema, as the file holds it."""
    found = Tenant.model_json_schema(by_alias=True)
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A tenant of SmarterOS"}
    return json.dumps({**found, **about}, indent=2, ensure_ascii=False) + "\n"
