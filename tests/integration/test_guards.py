"""What is wrong is refused before anything is created, in words that say where, what and how to mend it."""

from __future__ import annotations

import json
import re

import pytest

from age_keyring import Identity, Keyring
from tests.integration.conftest import Clone

pytestmark = pytest.mark.slow


def edit(clone: Clone, old: str, new: str) -> None:
    """Changes the tracked settings of prod."""
    file = clone.root / "Pulumi.prod.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_all_mistakes_in_the_settings_are_told_at_once(fresh: Clone) -> None:
    """Unknown key, wrong type, foreign host: one message names each with file, path, value and mend; exit code
    2; no engine.
    """
    edit(fresh, "smarteros:domain: smarterbot.cl", "smarteros:domian: smarterbot.cl")
    edit(fresh, "sshPort: 22", "sshPort: twenty-two")
    edit(fresh, "through: vps", "through: vsp")
    done = fresh.smos("up", "prod", "--yes", ok=False)
    assert done.returncode == 2
    for part in (
        "smarteros:domian",
        "did you mean",
        "smarteros:hosts/0/sshPort",
        "twenty-two",
        "smarteros:domain",
        "Fix",
    ):
        assert part in done.stderr, part
    assert not (fresh.home.state / ".pulumi" / "stacks" / "smarteros" / "prod.json").exists()


def test_the_plain_cli_tells_the_same_mistakes(demo: Clone) -> None:
    """Pulumi itself ignores an unknown key; the program compares every key with its model."""
    before = (demo.root / "Pulumi.prod.yaml").read_text()
    try:
        edit(demo, "smarteros:domain: smarterbot.cl", "smarteros:domain: smarterbot.cl\n  smarteros:domian: x.cl")
        done = demo.shell("pulumi preview --stack prod", ok=False)
        assert "Pulumi.prod.yaml: smarteros:domian" in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    finally:
        (demo.root / "Pulumi.prod.yaml").write_text(before)


def test_a_host_that_is_not_ready_is_refused_with_the_command_to_run(fresh: Clone) -> None:
    """A bare machine: `up` names `./smos host up prod`; after it the host is ready, and running it again
    changes nothing.
    """
    fresh.smos("sandbox", "start", "--bare-hosts")
    refused = fresh.smos("host", "check", "prod", ok=False)
    assert "./smos host up prod" in refused.stderr
    fresh.smos("host", "up", "prod", "--yes")
    fresh.smos("host", "check", "prod")
    again = fresh.smos("host", "up", "prod", "--yes")
    assert "0 changes" in again.stderr


def test_a_hosts_program_that_violates_a_rule_is_refused(fresh: Clone) -> None:
    """`./smos host up` runs with the pack, as `up` does, and so does the bootstrap of a simulated run: without the
    host's key, no command reaches a host.
    """
    file = fresh.root / "hosts" / "stack.py"
    text = file.read_text()
    assert "                host_key=args.host_key,\n" in text
    file.write_text(text.replace("                host_key=args.host_key,\n", ""))
    fresh.smos("sandbox", "start", "--bare-hosts")
    refused = fresh.smos("host", "up", "prod", "--yes", ok=False)
    assert "ssh-hosts-pinned" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
    assert "docker" not in json.dumps(fresh.inventory("command"))
    assert "./smos host up prod" in fresh.smos("host", "check", "prod", ok=False).stderr
    simulated = fresh.smos("preview", "prod", ok=False)
    assert "ssh-hosts-pinned" in simulated.stdout + simulated.stderr


def test_a_provider_refuses_at_preview_before_anything_is_created(fresh: Clone) -> None:
    """What only the simulated vendor knows to be wrong stops the preview; the clouds stay as empty as they were."""
    file = fresh.root / "components" / "placements" / "azure" / "app.py"
    text = file.read_text()
    file.write_text(re.sub(r"target_port=[\w.]+", "target_port=99999", text))
    done = fresh.smos("up", "prod", "--yes", ok=False)
    assert "(rule between:configuration.ingress.targetPort)" in done.stdout + done.stderr
    assert fresh.inventory("azure-native") == []


def test_an_environment_on_which_tenants_live_is_not_taken_down(demo: Clone) -> None:
    """Refused with their names, and nothing is touched: without it they could be neither reached nor ended."""
    before = demo.inventory()
    done = demo.smos("destroy", "prod", "--yes", ok=False)
    assert done.returncode == 1
    assert "tenants live on prod: acme, algorithmics, beesmart" in done.stderr
    assert "./smos tenant delete SLUG --stack prod" in done.stderr
    assert demo.inventory() == before


def test_a_refusal_shows_no_secret(fresh: Clone) -> None:
    """The engine prints what a provider refuses; a secret inside of it is masked, and the path and the rule
    are there.
    """
    file = fresh.root / "components" / "placements" / "docker" / "secret_files.py"
    file.write_text(file.read_text().replace('network_mode="none",', 'network_mode="none", read_only=True,'))
    done = fresh.smos("preview", "prod", ok=False)
    assert "uploads" in done.stdout
    assert "read-only" in done.stdout
    keyring = Keyring.open(fresh.home.keyring, Identity.read(fresh.home.key))
    passwords = [keyring.get(path) for path in keyring.paths() if "assword" in path]
    assert len(passwords) > 4
    assert not [password[:4] for password in passwords if password in done.stdout + done.stderr]
