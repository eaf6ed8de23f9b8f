"""docs/real-accounts.md, walked: every command of the page, in its order, in a fresh clone on simulated accounts."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tests.integration.conftest import ROOT, Clone

PAGE = ROOT / "docs" / "real-accounts.md"
WALKED = re.compile(r"^```sh walked\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps() -> list[str]:
    """The commands that the page has walked, in its order."""
    return [line for block in WALKED.findall(PAGE.read_text(encoding="utf-8")) for line in block.splitlines() if line]


def test_the_page_is_in_an_order_that_is_safe() -> None:
    """Digests before the first run that a policy judges, owners asked for right after the first up, Vault and its keys
    before the first tenant, whose archive is made at the end.
    """
    walked = [" ".join(shlex.split(one)[1:3]) for one in steps()]
    order = ["keys verify", "host up", "preview prod", "up prod", "status prod", "vault init", "create tenant"]
    assert [one for one in walked if one in order][: len(order) + 1] == [
        *order[:5],
        "preview prod",
        *order[5:],
    ]
    assert walked[-2:] == ["tenant export", "tenant archive"]
    text = PAGE.read_text(encoding="utf-8")
    assert text.index("./smos images verify") < text.index("./smos preview prod") < text.index("./smos up prod --yes")


def test_every_step_says_how_one_knows_that_it_worked() -> None:
    """A step without it is a hope."""
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        if re.match(r"\d\.", part):
            assert "*It worked when*" in part.replace("*it worked when*", "*It worked when*"), part.splitlines()[0]


@pytest.mark.slow
def test_the_first_day_is_walked(fresh: Clone) -> None:
    """Every command of the page does what the page says; at the end there is a tenant, and its archive."""
    said: dict[str, str] = {}
    for command in steps():
        done = fresh.shell(command, ok=None)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        said[command] = done.stdout + done.stderr
    status = fresh.smos("status", "prod", "--json").stdout.splitlines()[-1]
    assert json.loads(status)["ok"]
    assert json.loads(fresh.smos("preview", "prod", "--json").stdout.splitlines()[-1])["changes"] == 0
    assert "primera" in said["./smos tenant archive list"]
