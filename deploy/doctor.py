"""What a run on an environment still lacks, each with its mend. Reads this machine alone: asks no vendor, starts
nothing, and shows no secret.

So it can't tell whether a vendor accepts a token or grants a permission: the first `preview` does.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import engine
from age_keyring import KeyringError
from deploy.state import RESERVE
from deploy.target import ROOT, Target
from hosts import own_engine
from settings import SHAPES, Settings, SettingsError, expected_secrets, load_files, open_keyring, secret_problems
from settings.state import AzblobState, LocalState, S3State
from settings.target import backend_url, mismatch, signs

__all__ = ["Finding", "examine"]

_EXAMPLE_NETS = [ipaddress.IPv4Network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
_EXAMPLE_IDS = ("0123456789abcdef", "fedcba9876543210", "00000000-0000-4000-8000-")


@dataclass(frozen=True)
class Finding:
    """One thing that a run needs."""

    what: str
    ok: bool
    detail: str
    mend: str = ""


def examine(stack: str, target: Target, environ: Mapping[str, str] = os.environ, project: Path = ROOT) -> list[Finding]:
    """Everything that a run needs, there or missing. A later check is left out when what it reads is missing."""
    found = [_engine(), _room(project)]
    if target is Target.REAL:
        found.append(_target(environ, project))
    try:
        settings = load_files(stack, project)
    except SettingsError as error:
        mend = f"mend what is said in Pulumi.{stack}.yaml"
        return [*found, Finding("settings", False, "; ".join(str(one) for one in error.problems), mend)]
    found.append(Finding("settings", True, f"Pulumi.{stack}.yaml is in order"))
    found += [Finding(key, True, service.notice) for key, service in settings.services.running() if service.notice]
    if target is Target.SANDBOX:
        return [*found, Finding("clouds", True, "simulated on this machine: no account, no token")]
    return [*found, *(one for check in _REAL for one in check(settings, environ, project))]


def _engine() -> Finding:
    try:
        here = engine.find()
    except engine.EngineMissing as missing:
        return Finding("engine", False, str(missing), "./smos version")
    return Finding("engine", True, f"Pulumi {here.version}")


def _room(project: Path) -> Finding:
    free = shutil.disk_usage(project).free
    ok = free >= 2 * RESERVE
    return Finding("disk", ok, f"{free // 1024**2} MB free", "" if ok else "make room: a full disk cuts a state off")


def _target(environ: Mapping[str, str], project: Path) -> Finding:
    problem = mismatch(Target.REAL, signs(environ, project), environ.get("SMOS_TARGET"))
    if problem is None:
        return Finding("shell", True, "nothing in it leads to simulated clouds")
    facts, _, mend = problem.partition("\nNothing was started and no state was read. Fix: ")
    return Finding("shell", False, " ".join(facts.split()), mend)


def _state(settings: Settings, environ: Mapping[str, str], project: Path) -> Iterator[Finding]:
    state = settings.state
    if isinstance(state, LocalState):
        yield Finding("state", True, f"in the folder {project / state.folder}: this machine alone has it")
    elif isinstance(state, S3State):
        missing = [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if not environ.get(name)]
        mend = "R2: dashboard, R2, Manage API tokens, Object Read & Write on this bucket; export both halves"
        profile = environ.get("AWS_PROFILE")
        ok = not missing or bool(profile)
        detail = f"in the bucket {state.bucket}" + ("" if ok else f"; not set: {', '.join(missing)}")
        yield Finding("state", ok, detail, "" if ok else mend)
    elif isinstance(state, AzblobState):
        ok = any(environ.get(name) for name in ("AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN")) or _azure_login(
            environ
        )
        detail = f"in the container {state.container} of {state.account}"
        mend = "az login (with Storage Blob Data Contributor on the account), or export AZURE_STORAGE_KEY"
        yield Finding("state", ok, detail, "" if ok else mend)
    else:
        url = backend_url(environ, project)
        mend = "pulumi login (Pulumi Cloud, s3://…, azblob://… or file://…)"
        yield Finding("state", bool(url), f"where the login says: {url or 'nowhere yet'}", "" if url else mend)


def _keyring(settings: Settings, environ: Mapping[str, str], _project: Path) -> Iterator[Finding]:
    try:
        keyring = open_keyring(environ)
    except KeyringError as error:
        yield Finding(
            "keyring",
            False,
            str(error).partition(" Fix:")[0],
            "./smos keys init, or ask a colleague to add your key as a recipient",
        )
        for one in expected_secrets(settings):
            if one.external:  # the others are generated
                mend = f"{SHAPES[one.kind].mend}; then ./smos keys set {one.entry}"
                yield Finding(one.entry, False, f"needed in the keyring: {one.purpose}", mend)
        return
    yield Finding("keyring", True, f"{keyring.file.name} opens with your key")
    expected = expected_secrets(settings)
    problems = {one.path: one for one in secret_problems(expected, keyring)}
    for one in expected:
        problem = problems.get(one.entry)
        if problem is not None:
            yield Finding(one.entry, False, problem.why, problem.mend)
    if not problems:
        yield Finding("secrets", True, f"all {len(expected)} entries are there, of the right shape")


def _azure(settings: Settings, environ: Mapping[str, str], _project: Path) -> Iterator[Finding]:
    if settings.azure is None:
        return
    wanted = settings.azure.subscription_id
    principal = all(environ.get(name) for name in ("ARM_CLIENT_ID", "ARM_TENANT_ID")) and any(
        environ.get(name) for name in ("ARM_CLIENT_SECRET", "ARM_USE_OIDC", "ARM_CLIENT_CERTIFICATE_PATH")
    )
    subscriptions = _azure_subscriptions(environ)
    ok = principal or wanted in subscriptions
    if principal:
        detail = "a service principal in ARM_*"
    elif ok:
        detail = f"az is logged in to the subscription {wanted}"
    else:
        others = f" (az knows {len(subscriptions)} others)" if subscriptions else ""
        detail = f"no login to the subscription {wanted}{others}"
    mend = (
        f"az login, then az account set --subscription {wanted}; the account needs Contributor and Role Based Access "
        "Control Administrator on it. In CI: ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID"
    )
    yield Finding("azure login", ok, detail, "" if ok else mend)


def _own_engine(settings: Settings, environ: Mapping[str, str], _project: Path) -> Iterator[Finding]:
    """Docker on this very machine, where an environment is on it, and the provider that speaks to it."""
    here = settings.own_machine
    if here is None:
        return
    problem = own_engine.problem(here.docker_host)
    detail, _, mend = (problem or f"answers at {here.docker_host}").partition(" Fix: ")
    yield Finding("docker engine", problem is None, detail, mend or "start Docker" if problem else "")
    plugin = f"resource-docker-v{version('pulumi_docker')}"
    folder = Path(environ.get("PULUMI_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".pulumi") / "plugins"
    there = (folder / plugin).is_dir() or shutil.which("pulumi-resource-docker", path=environ.get("PATH")) is not None
    gets_it = environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "").lower() not in ("true", "1")
    how = "there" if there else "missing; the engine gets it with the first run" if gets_it else f"missing in {folder}"
    install = f"pulumi plugin install resource docker {version('pulumi_docker')}"
    yield Finding("docker plugin", there or gets_it, how, "" if there or gets_it else install)


def _ssh(settings: Settings, environ: Mapping[str, str], _project: Path) -> Iterator[Finding]:
    if not settings.remote_hosts:
        return
    folder = Path(environ.get("HOME", "~")).expanduser() / ".ssh"
    keys = [one.name for one in sorted(folder.glob("id_*")) if one.suffix != ".pub"]
    agent = environ.get("SSH_AUTH_SOCK", "")
    ok = bool(keys) or (bool(agent) and Path(agent).exists())
    detail = f"keys: {', '.join(keys)}" if keys else "an agent is there" if ok else "no agent and no key in ~/.ssh"
    users = ", ".join(f"{host.bootstrap_user}@{host.address}" for host in settings.remote_hosts)
    mend = f"ssh-add KEY, or ssh-keygen -t ed25519; its public half must be on {users}"
    yield Finding("ssh key", ok, detail, "" if ok else mend)


def _placeholders(settings: Settings, _environ: Mapping[str, str], _project: Path) -> Iterator[Finding]:
    """Values that stand in the documentation and can be nobody's."""
    file = f"Pulumi.{settings.stack}.yaml"
    ids: dict[str, tuple[str, str]] = {}
    if settings.cloudflare is not None:
        where = "the zone's overview page at Cloudflare"
        ids["cloudflare/zoneId"] = (settings.cloudflare.zone_id, where)
        ids["cloudflare/accountId"] = (settings.cloudflare.account_id, where)
    if settings.azure is not None:
        where = 'az account show --query "{subscription:id, tenant:tenantId}"'
        ids["azure/subscriptionId"] = (settings.azure.subscription_id, where)
        ids["azure/tenantId"] = (settings.azure.tenant_id, where)
    wrong = [(key, mend) for key, (value, mend) in ids.items() if value.startswith(_EXAMPLE_IDS)]
    for host in settings.remote_hosts:
        index = settings.hosts.index(host)
        if any(ipaddress.IPv4Address(host.address) in net for net in _EXAMPLE_NETS):
            wrong.append((f"hosts/{index}/address", f"the address of {host.name}, from whoever rents it to you"))
        if _is_example_key(host.host_key):
            command = "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub"
            wrong.append((f"hosts/{index}/hostKey", f"on the console of {host.name}: {command}"))
    for key, mend in wrong:
        yield Finding(f"smarteros:{key}", False, f"still the documentation's value in {file}", mend)
    if not wrong:
        yield Finding("ids and addresses", True, f"none in {file} is the documentation's")


def _is_example_key(line: str) -> bool:
    """Whether a public key is nothing but zeros: no private key belongs to it."""
    try:
        return not any(base64.b64decode(line.split()[1] + "==")[-32:])
    except (IndexError, ValueError):
        return False


def _azure_login(environ: Mapping[str, str]) -> bool:
    return bool(_azure_subscriptions(environ))


def _azure_subscriptions(environ: Mapping[str, str]) -> list[str]:
    """The ids that `az login` noted, without asking Azure."""
    home = Path(environ.get("HOME", "~")).expanduser()
    file = Path(environ.get("AZURE_CONFIG_DIR") or home / ".azure") / "azureProfile.json"
    try:
        profile = json.loads(file.read_text(encoding="utf-8-sig"))
        return [str(one["id"]) for one in profile.get("subscriptions", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


_REAL: tuple[Callable[[Settings, Mapping[str, str], Path], Iterator[Finding]], ...] = (
    _state,
    _keyring,
    _azure,
    _own_engine,
    _ssh,
    _placeholders,
)
