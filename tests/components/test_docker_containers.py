"""What the real provider and engine do with containers decides how a host's are declared (process, secret_files)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.placements import Refusal
from components.placements.docker.process import cpus_of
from components.workload import Health
from sandbox.docker.types.container.read import NEVER_UPDATED, processors, written_back
from tests.components.declared import Answers, resolved
from tests.components.workloads import APP, PREPARED, run


def test_the_loader_gives_the_files_away_itself_and_can_do_nothing_else() -> None:
    """Whatever the user of the image is, and whichever engine: it is root of its container, may change owners alone,
    reaches nobody, and ends before the container starts, which is another one with other files.
    """
    declared = {one.name: one for one in run("docker", replace(APP, user="1000", secret_files={"a": "1", "b c": "2"}))}
    loader = declared["app-secrets-loader"]
    inputs = loader.inputs
    assert inputs["entrypoints"] == ["/bin/sh", "-c", "chown 1000:1000 /run/secrets/a '/run/secrets/b c'"]
    assert (inputs["user"], inputs["networkMode"], inputs["image"]) == ("0:0", "none", APP.image)
    assert inputs["capabilities"] == {"drops": ["ALL"], "adds": ["CAP_CHOWN"]}
    assert inputs["securityOpts"] == ["no-new-privileges:true"]
    assert (inputs["attach"], inputs["mustRun"], inputs["restart"]) == (True, False, "no")
    labels = {label["label"]: label["value"] for label in declared["app-container"].inputs["labels"]}
    assert labels["smarteros.secret-files"] == "app-secrets-loader-id"
    assert loader.urn in declared["app-container"].dependencies


def test_a_loader_that_failed_keeps_the_container_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files would not be readable; the provider takes any end for a good one."""
    answer = Answers.new_resource

    def badly(self: Answers, args: Any) -> tuple[str | None, dict[str, Any]]:
        found, outputs = answer(self, args)
        return found, {**outputs, **({"exitCode": 127} if args.name == "app-secrets-loader" else {})}

    monkeypatch.setattr(Answers, "new_resource", badly)
    with pytest.raises(
        Refusal, match=r"^app/secret_files: what gives it its secret files ended with 127, so it is not"
    ):
        run("docker")


@pytest.mark.parametrize("user", [None, "app", "1000:app"])
def test_who_reads_secret_files_is_said_in_numbers(user: str | None) -> None:
    """What an image calls its users, and which one it starts as, is not known before it is there."""
    with pytest.raises(Refusal, match=r"^app/user: it has secret files, and which number reads them is not said"):
        run("docker", replace(APP, user=user))


def test_what_would_be_updated_without_effect_makes_the_container_anew() -> None:
    """The provider calls a changed health check updated, and hands it to nobody. One that never became healthy too."""
    names = ("app-container", "app-prepare", "app-secrets-loader")
    made = [one for one in run("docker", PREPARED) if one.name in names]
    assert [set(one.replace_on_changes) for one in made] == [{*NEVER_UPDATED, "#initerror"} - {"rm"}] * 3
    assert all("rm" not in one.inputs for one in made), "then it would have to be in the list"


def test_a_container_names_its_image() -> None:
    """By name, so that a new one fetches what somebody has pruned on the host; an id is in no registry."""
    made = [one for one in run("docker", PREPARED) if "container:Container" in one.token]
    assert [one.inputs["image"] for one in made] == [APP.image] * 3
    image = next(one for one in run("docker") if "RemoteImage" in one.token)
    assert all(image.urn in one.dependencies for one in made)


@pytest.mark.parametrize("cpu", [0.1, 0.125, 0.25, 0.5, 1, 1.25, 2, 2.0, 10, 12.5, 20, 100])
def test_cpus_are_told_as_they_are_read_back(cpu: float) -> None:
    """Another form, and every run would replace the container: the provider compares texts."""
    assert processors(cpus_of(cpu)) == cpus_of(cpu)
    assert float(cpus_of(cpu)) == cpu


@pytest.mark.parametrize("seconds", [1, 59, 60, 90, 3599, 3600, 5400, 7265])
def test_durations_are_told_as_they_are_read_back(seconds: int) -> None:
    """Go writes an hour as 1h0m0s; another form would be a changed health check, so another container, at every run."""
    health = Health(command=["CMD", "true"], interval_s=seconds, timeout_s=seconds, start_s=seconds)
    made = {one.name: one.inputs for one in run("docker", replace(APP, health=health))}["app-container"]
    inputs = resolved(made)
    assert written_back(inputs)["healthcheck"] == inputs["healthcheck"]


def test_nothing_comes_back_in_another_form() -> None:
    """What the provider reads of a container that was just made is what was asked for."""
    for one in run("docker", replace(PREPARED, capabilities=["NET_BIND_SERVICE", "CHOWN"])):
        if "container:Container" in one.token:
            inputs = resolved(one.inputs)
            back = dict(written_back(inputs))
            asked = {name: inputs[name] for name in back}
            for found in (back, asked):
                found["capabilities"] = {kind: sorted(names) for kind, names in found["capabilities"].items()}
            assert back == asked, one.name


def test_cpus_that_are_never_read_back_as_told_are_refused() -> None:
    """The provider rounds 0.05 to 0.1 when it reads, whatever it was told."""
    with pytest.raises(Refusal, match=r"^app/cpu: Docker's provider reads 0.05 CPUs back as 0.1"):
        run("docker", replace(APP, cpu=0.05))
