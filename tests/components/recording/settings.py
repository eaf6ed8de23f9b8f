"""What the settings may say of a recorder: a place for containers, for databases and for blobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field

from settings.naming import Names
from settings.parts import Host, Name
from settings.places import BlobPlace, ContainerPlace, DatabasePlace, Place, TooFew, place

__all__ = ["RecordedBlobs", "RecordedContainers", "RecordedPostgres"]

_CALLED = "a recorder"


@place
class RecordedContainers(ContainerPlace):
    """A service of which is recorded what it would run."""

    where: Literal["recording"] = Field(description="Nowhere: it is recorded")

    called: ClassVar[str] = _CALLED
    runs_as: ClassVar[str] = "Records"
    scales: ClassVar[bool] = True
    runs_queues: ClassVar[bool] = True
    probes_by_command: ClassVar[bool] = True

    @property
    def private_network(self) -> str | None:
        """All that is recorded finds each other."""
        return "recording"


@place
class RecordedBlobs(BlobPlace):
    """Blobs of which is recorded that they would lie somewhere."""

    where: Literal["recording"] = Field(description="Nowhere: it is recorded")

    called: ClassVar[str] = _CALLED


@place
class RecordedPostgres(DatabasePlace):
    """A server of which is recorded that it would run."""

    where: Literal["recording"] = Field(description="Nowhere: it is recorded")
    through: Name = Field(description="The host through which the SSH forward goes")

    called: ClassVar[str] = _CALLED
    admin: ClassVar[str] = "recorder"

    @property
    def named_hosts(self) -> dict[str, str]:
        """The one that is let in."""
        return {"through": self.through}

    @property
    def connections(self) -> int:
        """As many as anybody wants."""
        return 10_000

    def too_few(self, wanted: int) -> TooFew:
        """Never."""
        return TooFew(key="through", value=self.through, beside="", mend=f"fewer than {wanted}")

    def lets_in(self, here: Place) -> bool:
        """What is recorded, too."""
        return here.where == self.where

    def forwarded(self, server: str, index: int, names: Names, hosts: Iterable[Host]) -> tuple[str, str]:
        """A name that leads nowhere."""
        return self.through, f"{server}.recording.internal"
