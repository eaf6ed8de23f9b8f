"""`smos state`: the copies of a stack's state that are taken before every operation."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from cli.outcome import BadInput, Failed
from cli.platform import AsJson, OnTarget, Stack, Yes, run_target
from cli.reporting import reporting, say
from deploy import state as kept
from deploy.locks import free_of_dead_locks
from deploy.target import ACCESS_PROJECT, HOSTS_PROJECT, PROJECT, ROOT, RunTarget, Target
from settings import refuse_no_stack
from settings.problems import did_you_mean
from tenants import known
from tenants.shards import is_tenants, project_of

__all__ = ["app", "copies", "env", "restore"]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The state: copies before every operation, restoring one, where it is kept.",
)
Project = Annotated[
    str, typer.Option("--project", help="Which project's stack: smarteros, smarteros-hosts, smarteros-access…")
]


@app.command("list")
def copies(
    stack: Stack, project: Project = PROJECT, as_json: AsJson = False, target: OnTarget = Target.SANDBOX
) -> None:
    """The kept copies of a stack's state, newest first."""
    with reporting():
        _refuse_no_name(stack, project)
        _refuse_unknown(stack, project)
        found = kept.copies(_workplace(target, stack, project, quiet=True), stack, project)
    if as_json:
        facts = [
            {"copy": one.taken, "resources": one.resources, "pending": one.pending, "damaged": one.damaged}
            for one in found
        ]
        typer.echo(json.dumps({"stack": stack, "target": target.value, "copies": facts}))
        return
    for one in found:
        unfinished = f", {one.pending} operations unfinished" if one.pending else ""
        what = f"can't be restored: {one.damaged}" if one.damaged else f"{one.resources} resources{unfinished}"
        typer.echo(f"{one.taken}  {what}")
    if not found:
        typer.echo(f"no copies of {stack} ({target.value}) yet: one is taken before every operation")


@app.command()
def restore(
    stack: Stack,
    copy: Annotated[str, typer.Argument(metavar="[COPY]", help="Which one, as `list` names it; else the newest.")] = "",
    project: Project = PROJECT,
    yes: Yes = False,
    target: OnTarget = Target.SANDBOX,
) -> None:
    """Put a copy back as the state. What was there is kept beside the copies; the clouds are not touched."""
    with reporting():
        _refuse_no_name(stack, project)
        _refuse_unknown(stack, project)
        _refuse_no_copy(target, stack, project, copy)
        place = _workplace(target, stack, project)
        free_of_dead_locks(place, project, stack, say)
        question = f"smos [target: {target}]: replace the state of {stack} with {copy or 'the newest copy'}?"
        if not yes and not typer.confirm(question):
            raise Failed("nothing was changed")
        try:
            done = kept.restore(place, stack, say, copy, project)
        except LookupError as error:
            raise BadInput(str(error)) from None
        # Of a tenant that is one tenant; all stand on what any other project has made.
        if is_tenants(project):
            known.forget(place, (project, stack))
        else:
            known.forget_all(place)
    typer.echo(f"{stack} ({target.value}): the state of {done.taken} is back, with {done.resources} resources")
    again = f"./smos host up {stack}" if project == HOSTS_PROJECT else f"./smos up {stack}"
    typer.echo(f"what was made since is not in it: `pulumi refresh`, then {again}")


@app.command()
def env(stack: Stack) -> None:
    """Print what leads a plain `pulumi` to a real stack's state: eval "$(./smos state env prod)". Shows no secret."""
    import shlex

    from deploy.target import PASSPHRASE, real

    with reporting():
        _refuse_no_name(stack)
        place = real(stack)
    typer.echo("export SMOS_TARGET=real")
    for name in ("PULUMI_BACKEND_URL", "AZURE_STORAGE_ACCOUNT"):
        if name in place.environ:
            typer.echo(f"export {name}={shlex.quote(place.environ[name])}")
    command = f"{shlex.quote(str(ROOT / 'smos'))} keys show {PASSPHRASE} --reveal"
    typer.echo(f'export PULUMI_CONFIG_PASSPHRASE="$({command})"')
    typer.echo(f"export PATH={shlex.quote(str(place.pulumi.parent))}:$PATH")


def _workplace(target: Target, stack: str, project: str, *, quiet: bool = False) -> RunTarget:
    """A tenant's stack is no environment: of the simulated ones, all are made ready then."""
    whose = "" if target is Target.SANDBOX and is_tenants(project) else stack
    return run_target(target, whose, quiet=quiet)


def _refuse_no_copy(target: Target, stack: str, project: str, copy: str) -> None:
    """Before anything is started for one that is not there. Of the real ones nothing is started."""
    if target is not Target.SANDBOX:
        return
    from sandbox.home import Home

    try:
        kept.chosen(kept.copies_in(Home.of_clone().folder, stack, project), stack, copy)
    except LookupError as error:
        raise BadInput(str(error)) from None


def _refuse_unknown(stack: str, project: str) -> None:
    """An environment or project that nobody has heard of: another name was meant."""
    if is_tenants(project):
        return
    if project not in (PROJECT, HOSTS_PROJECT, ACCESS_PROJECT):
        mend = did_you_mean(project, (PROJECT, HOSTS_PROJECT, ACCESS_PROJECT, project_of(stack)))
        raise BadInput(f"--project {project}: there is no such project. Fix: {mend}")
    refuse_no_stack(stack, ROOT)


def _refuse_no_name(*names: str) -> None:
    """The names of stack and project become those of folders and files: they lead to nothing else."""
    for name in names:
        if not re.fullmatch(r"[a-z0-9-]+", name):
            raise BadInput(
                f"{name!r} is no name of a stack or project: lower-case letters, digits and hyphens. "
                "Fix: the environment or the tenant's slug, as in prod"
            )
