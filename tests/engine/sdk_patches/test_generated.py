"""An SDK whose modules load when they are used has the names of one that loads at once, and they mean the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import gc, importlib, json, sys
gc.disable()
sys.path.insert(0, sys.argv[1])
if sys.argv[2] == "late":
    from sdk_patches import generated
    generated.load_late()
names, found = json.load(sys.stdin), {}
package = importlib.import_module(sys.argv[3])
getattr(package, "_utilities", None)  # the SDK itself puts off whole packages until something of them is asked for
before = len(sys.modules)
for name in names or [one for one in vars(package) if not one.startswith("__")]:
    thing = getattr(package, name, None)
    found[name] = f"{type(thing).__name__} {getattr(thing, '__module__', '')} {getattr(thing, '__name__', '')}"
print(json.dumps([before, found]))
"""


def names_of(how: str, package: str, *names: str) -> tuple[int, dict[str, str]]:
    """How many modules its import loads, and what stands behind its names (these, or all that it has)."""
    command = [sys.executable, "-c", PROGRAM, str(ROOT / "engine"), how, package]
    done = subprocess.run(command, input=json.dumps(names), capture_output=True, text=True, check=True, cwd=ROOT)
    count, found = json.loads(done.stdout)
    return count, found


@pytest.mark.slow
@pytest.mark.parametrize(
    "package", ["pulumi_cloudflare", "pulumi_azure_native.network", "pulumi_docker", "pulumi_vault", "pulumi_policy"]
)
def test_every_name_is_the_same(package: str) -> None:
    """Those that the package itself binds, asked for one by one; and it loads fewer modules until then."""
    at_once, wanted = names_of("at once", package)
    late, found = names_of("late", package, *wanted)
    assert found == wanted
    assert late < at_once or package == "pulumi_policy", "whose package is not generated: it is left as it is"


@pytest.mark.slow
def test_what_is_not_there_is_told_in_python_s_words() -> None:
    """After everything was looked through, as the package itself would tell it."""
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'engine')!r})\n"
        "from sdk_patches import generated; generated.load_late()\n"
        "import pulumi_docker\n"
        "from pulumi_docker import Container, ContainerArgs, outputs\n"
        "assert hasattr(outputs, 'ContainerPort')\n"
        "try:\n    pulumi_docker.Contaner\n"
        "except AttributeError as error:\n    print(error)\n"
        "try:\n    from pulumi_docker import Contaner\n"
        "except ImportError as error:\n    print(str(error).partition(' (')[0])\n"
        "assert 'Network' in dir(pulumi_docker)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == [
        "module 'pulumi_docker' has no attribute 'Contaner'",
        "cannot import name 'Contaner' from 'pulumi_docker'",
    ]


def test_a_program_loads_its_sdks_late() -> None:
    """And nothing of the engine's folder is left on its path."""
    text = (ROOT / "engine" / "program.py").read_text()
    assert text.index("from sdk_patches import") < text.index("sys.path.pop(0)") < text.index("generated.load_late()")
