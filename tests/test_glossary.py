"""docs/glossary.md speaks of what there is: its paths, its classes; and whoever begins here is led to it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`]+)`", PAGE)


def test_every_path_exists() -> None:
    """A folder or a file; what was moved is found under its new name."""
    for one in CODE:
        if re.fullmatch(r"[a-z_]+(/[a-z_.-]+)*/|[a-z_/-]+\.(py|json|md)", one):
            assert (ROOT / one).exists(), one


def test_every_class_and_field_exists() -> None:
    """What was renamed is explained under its new name."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [one for one in listed.splitlines() if not one.startswith("tests/") and (ROOT / one).is_file()]
    code = "\n".join((ROOT / one).read_text(encoding="utf-8") for one in files)
    for one in CODE:
        if re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)*", one):
            assert re.search(rf"^class {one}\b", code, re.M), one
        elif re.fullmatch(r"[a-z]+(_[a-z]+)+", one):
            assert re.search(rf"\b{one}: ", code), one


def test_it_is_linked_where_one_begins() -> None:
    """From the two pages that are read first."""
    for page in ("README.md", "CONTRIBUTING.md"):
        assert "(docs/glossary.md)" in (ROOT / page).read_text(encoding="utf-8")


def test_no_word_is_explained_twice() -> None:
    """One word, one meaning."""
    words = [re.sub(r" \(.*", "", one) for one in re.findall(r"^\| ([^|]+) \| [^-]", PAGE, re.M) if one != "word"]
    parts = [part.strip(" `") for one in words for part in one.split(",")]
    assert sorted({one for one in parts if parts.count(one) > 1}) == ["guard", "rule"]  # said with what they are of
