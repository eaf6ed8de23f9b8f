"""States of an earlier version end as those of today."""

from __future__ import annotations

from tenants.earlier_version import KEPT, ROLE, as_of_today


def test_roles_of_before_end_as_those_of_today() -> None:
    """The provider deletes by what the state says, inputs and outputs; nothing else is touched."""
    other = {"urn": "urn:pulumi:b", "type": "postgresql:index/grant:Grant", "inputs": {"role": "public"}}
    old = {"urn": "urn:pulumi:a", "type": ROLE, "inputs": {"name": "t_a"}, "outputs": {"name": "t_a", KEPT: False}}
    found = as_of_today({"manifest": {}, "resources": [old, other]})
    assert found["manifest"] == {}
    assert found["resources"][1] == other
    role = found["resources"][0]
    assert role["inputs"] == {"name": "t_a", KEPT: True}
    assert role["outputs"] == {"name": "t_a", KEPT: True}
