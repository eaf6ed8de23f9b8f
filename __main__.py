"""What `pulumi up` of a platform runs: settings, system, exports."""

from __future__ import annotations

import gc
from pathlib import Path

gc.disable()  # it runs for seconds, and looking for garbage among what the SDKs define takes 40 % of their import

import pulumi

from components.platform import SystemArgs
from components.systems import SYSTEMS
from hosts.reachable import closed_forwards, mend
from intents.watch import begin_alone
from settings import load_engine

settings = load_engine()
closed = closed_forwards(settings.tunnels())
if closed and pulumi.runtime.is_dry_run():
    pulumi.log.warn(mend(settings.stack, closed))
elif closed:
    raise pulumi.RunError(mend(settings.stack, closed))
begin_alone(Path(__file__).resolve().parent / ".smos")
system = SYSTEMS[settings.system](settings.system, SystemArgs(settings=settings))
pulumi.export("platform", system.platform)
