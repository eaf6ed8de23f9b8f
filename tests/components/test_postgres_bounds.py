"""What no role can lift for itself stands in the servers' configuration: temporary files, and prepared transactions."""

from __future__ import annotations

from tests.components.declared import platform, resolved

TEMP_FILES_KB = 2048 * 1024


def test_a_containers_server_is_bounded_outright() -> None:
    """Not by a default that an image or a version may change."""
    args = next(resolved(one.inputs)["command"] for one in platform() if one.name == "postgres-vps-container")
    assert {"max_prepared_transactions=0", "temp_file_limit=2048MB"} <= set(args)


def test_azures_server_bounds_temporary_files_too() -> None:
    """In kB, as the parameter has it."""
    found = next(resolved(one.inputs) for one in platform() if one.name == "postgres-azure-temp-file-limit")
    assert (found["configurationName"], found["value"]) == ("temp_file_limit", str(TEMP_FILES_KB))


def test_the_template_of_everybodys_is_closed_where_it_is_ours() -> None:
    """On a host's server; Azure's is its vendor's."""
    closed = [one for one in platform() if resolved(one.inputs).get("database") == "template1"]
    assert [one.name for one in closed] == ["template-vps-closed"]
    inputs = resolved(closed[0].inputs)
    assert (inputs["role"], inputs["objectType"], inputs["privileges"]) == ("public", "database", [])
