"""docs/settings.md and the keys of Pulumi.yaml are made from the model: neither says what the model does not."""

from __future__ import annotations

import yaml

from settings import Settings, load_files
from settings.pages import PAGE, PROJECT, ROOT, page, project

MADE = "made by `python -m settings.pages`: run it"


def test_the_page_is_made_of_the_model() -> None:
    """Nobody has written a key by hand."""
    assert PAGE.read_text(encoding="utf-8") == page(), MADE


def test_the_projects_keys_are_made_of_the_model() -> None:
    """Their types, descriptions and defaults; what stands before them is the file's own."""
    assert PROJECT.read_text(encoding="utf-8") == project(), MADE


def test_every_key_is_on_the_page_with_what_it_is() -> None:
    """Those of the top, and those within: one of each depth."""
    text = page()
    for name, field in Settings.model_fields.items():
        assert name == "stack" or f"\n## `smarteros:{field.alias}`\n\n{str(field.description).rstrip('.')}." in text
    for row in (
        "| `zoneId` | The zone's id (overview page of the zone) | text | required |",
        "| `sshPort` | `reach: ssh`: The port of its SSH server | whole number | `22` |",
        "| `n8n/mode/workers/minReplicas` | How many there are always | whole number | `1` |",
    ):
        assert f"\n{row}\n" in text


def test_the_projects_defaults_are_what_a_file_means_that_leaves_them_out() -> None:
    """Pulumi hands them to the program: the settings with them are those without."""
    declared = yaml.safe_load(PROJECT.read_text(encoding="utf-8"))["config"]
    prod = load_files("prod", ROOT)
    given = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]
    left_out = [key for key, one in declared.items() if "default" in one and key not in given]
    assert left_out, "prod says everything: nothing is tried"
    for key in left_out:
        field = next(name for name, one in Settings.model_fields.items() if f"smarteros:{one.alias}" == key)
        found = getattr(prod, field)
        plain = (
            found.model_dump(mode="json", by_alias=True, exclude_none=True) if hasattr(found, "model_dump") else found
        )
        assert plain == declared[key]["default"] or (plain in (None, ()) and not declared[key]["default"]), key
