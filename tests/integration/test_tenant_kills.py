"""A tenant's `apply` survives kill -9 at any moment.

`pytest tests/integration/test_tenant_kills.py --kills 50 --kill-seed 7` kills more often, at other moments.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest

from tenants.rut import check_digit
from tests.integration.conftest import Clone
from tests.integration.test_demo import last_json
from tests.integration.test_tenants import listed
from tests.integration.to_the_end import to_its_end

pytestmark = pytest.mark.slow

UNDISTURBED = "killnot"
OWN = r"[0-9a-f]{8}-[0-9a-f-]{27}|tenants-\w+"
FOUND = """
import json, sys
sys.path.insert(0, ".")
from cli.platform import run_target
from deploy.target import Target
from tenants import lifecycle
from tenants.session import prepared
from tenants.residue import left_of
registry = lifecycle.registry_of("prod", Target.SANDBOX)
slugs = [one.tenant.slug for one in registry.entries]
with prepared(run_target(Target.SANDBOX, "prod", quiet=True), "prod", lambda _: None) as session:
    found = {slug: [f"{one.where}: {one.what}" for one in left_of(session, registry.find(slug).tenant, slugs)]
             for slug in sys.argv[1:]}
print(json.dumps(found))
"""


def write_file(clone: Clone, number: int, slug: str) -> None:
    """A tenant's file, of which nothing exists yet."""
    body = str(44_000_000 + number)
    folder = clone.home.folder / "registry"
    folder.mkdir(exist_ok=True)
    text = f"rut: {body}-{check_digit(body)}\nname: Killed {number}\ndomain: {slug}.smarterbot.cl\nwave: 9\n"
    (folder / f"{slug}.yaml").write_text(text)


def inventory(clone: Clone, *slugs: str) -> dict[str, Counter[str]]:
    """All that carries each tenant, as every vendor tells it; without what is another's for each tenant: its name, the
    number of its project, the ids that are made of its name.
    """
    script = clone.root / "found.py"
    script.write_text(FOUND)
    done = clone._run([str(clone.root / ".venv" / "bin" / "python"), str(script), *slugs], ok=True)
    return {
        slug: Counter(re.sub(OWN, "*", one.replace(slug, "SLUG")) for one in found)
        for slug, found in json.loads(done.stdout.splitlines()[-1]).items()
    }


def killed(clone: Clone, slug: str, after_s: float, whom: str) -> bool:
    """Starts an apply and kills it so many seconds later; False when it had ended before."""
    running = subprocess.Popen(
        [str(clone.root / "smos"), "tenant", "apply", slug],
        cwd=clone.root,
        env=clone.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(after_s)
    if running.poll() is not None:
        return False
    engines = [one for one in psutil.Process(running.pid).children(recursive=True) if one.name() == "pulumi"]
    if whom == "engine" and engines:
        engines[-1].kill()
    elif whom == "command":
        running.kill()
    else:
        for one in engines:  # they have process groups of their own
            one.kill()
        os.killpg(running.pid, signal.SIGKILL)
    running.wait(60)
    return True


@pytest.fixture(scope="module")
def undisturbed(demo: Clone) -> Iterator[tuple[Clone, float]]:
    """A platform with a tenant that nobody interrupted, and how long that took in seconds. All of them go again."""
    write_file(demo, 0, UNDISTURBED)
    begun = time.monotonic()
    assert last_json(demo.smos("tenant", "apply", UNDISTURBED, "--json").stdout)["ok"]
    try:
        yield demo, time.monotonic() - begun
    finally:
        for file in sorted((demo.home.folder / "registry").glob("kill*.yaml")):
            demo.smos("tenant", "delete", file.stem, "--no-export", "--yes", "--confirm", file.stem, ok=None)
            file.unlink(missing_ok=True)


def test_a_killed_apply_ends_as_an_undisturbed_one(
    undisturbed: tuple[Clone, float], request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at random moments of a creation (everything, the command or the engine alone): one more apply ends well
    (to_the_end.py), the one after changes nothing, and what exists at every vendor is what an undisturbed tenant has.
    """
    clone, lasted_s = undisturbed
    chance = random.Random(request.config.getoption("--kill-seed"))  # noqa: S311 no secret
    slugs = []
    for number in range(1, request.config.getoption("--kills") + 1):
        slug = f"kill{number:03d}"
        write_file(clone, number, slug)
        whom, after_s = chance.choice(["all", "all", "command", "engine"]), chance.uniform(0.3, lasted_s)
        hit = killed(clone, slug, after_s, whom)
        with capsys.disabled():
            print(f"\n  {slug}: killed {whom} after {after_s:.2f} s{'' if hit else ': it had ended'}", end="")
        assert last_json(to_its_end(clone, "tenant", "apply", slug, "--json").stdout)["ok"]
        again = last_json(clone.smos("tenant", "apply", slug, "--json").stdout)
        assert again["changes"] == 0, (slug, again)
        slugs.append(slug)
    found = inventory(clone, UNDISTURBED, *slugs)
    assert sum(found[UNDISTURBED].values()) >= 8
    for slug in slugs:
        assert found[slug] == found[UNDISTURBED], slug
    assert {listed(clone)[slug] for slug in slugs} == {"up"}
