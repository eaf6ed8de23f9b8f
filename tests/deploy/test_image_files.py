"""An image's digest is written beside its tag, where the image is named, and nothing else is changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from deploy.image_files import pin
from deploy.images import NamedImage, lock
from deploy.registry import Manifest
from settings.default_images import naming_modules
from settings.images import Image

DIGEST, OTHER = "sha256:" + "a1" * 32, "sha256:" + "b2" * 32


def _copied(module: str, folder: Path) -> Path:
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    return Path(shutil.copy2(found.origin, folder / f"{module}.py"))


def test_a_services_digest_is_written_into_its_settings(tmp_path: Path) -> None:
    """Of every default: beside its tag, in a file that the formatter and Python still take, and nothing else of it."""
    for image, module in naming_modules():
        file = _copied(module, tmp_path)
        before = file.read_text()
        assert image.digest not in (DIGEST, OTHER)
        assert pin(file, image, DIGEST), f"{module} does not name {image.tagged} with its digest= in lines of its own"
        after = file.read_text()
        assert len(after) - len(before) == len(f'"{DIGEST}"') - len("None" if image.digest is None else f'"{DIGEST}"')
        ruff = [sys.executable, "-m", "ruff", "format", "--check", "--line-length", "120", str(file)]
        assert subprocess.run(ruff, check=False, capture_output=True).returncode == 0
        (line,) = (one for one in after.splitlines() if DIGEST in one)
        assert line.strip() == f'digest="{DIGEST}",'
        assert pin(file, replace(image, digest=DIGEST), OTHER)
        assert file.read_text() == after.replace(DIGEST, OTHER)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stack.yaml", "a: redis:7.2.16-alpine\nb: my/redis:7.2.16\nc: redis:7.2.16@sha256:" + "0" * 64 + "\n"),
        ("stack.yaml", "# a: redis:7.2.16\n"),
        ("service.py", 'A = Image(name="redis", tag="7.2.16")\n'),
        ("service.py", 'TAG = "7.2.16"\nA = Image(name="redis", tag=TAG, digest=None)\n'),
        ("service.py", 'A = Other(name="redis", tag="7.2.16", digest=None)\n'),
    ],
)
def test_what_stands_otherwise_is_told_and_left(tmp_path: Path, name: str, text: str) -> None:
    """With the digest, so that it can be written by hand; another image with the same beginning is not it."""
    file = tmp_path / name
    file.write_text(text)
    named = NamedImage(image=Image(name="redis", tag="7.2.16"), files=(file,))
    (found,) = lock([named], lambda _: Manifest(DIGEST, ""))
    assert (found.state, found.good) == ("failed", False)
    assert DIGEST in found.detail
    assert "Fix: " in found.detail
    assert file.read_text() == text
