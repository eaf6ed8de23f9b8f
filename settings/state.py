"""Where the state of real runs is kept: a folder of the clone, a bucket, or wherever `pulumi login` says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import AfterValidator, Field

from settings.parts import Setting, matching

__all__ = ["AzblobState", "LocalState", "LoginState", "S3State", "State", "backend_of"]

_Bucket = Annotated[
    str, AfterValidator(matching("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "not the name of a bucket", "smarteros-state"))
]
_Container = Annotated[
    str, AfterValidator(matching("[a-z0-9](?:-?[a-z0-9]){2,62}", "not the name of a blob container", "pulumi-state"))
]
_Account = Annotated[
    str, AfterValidator(matching("[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits", "stsmarterosstate"))
]
_Endpoint = Annotated[
    str,
    AfterValidator(
        matching(r"https?://[A-Za-z0-9.-]+(?::\d+)?", "not an address", "https://<account>.r2.cloudflarestorage.com")
    ),
]
_Folder = Annotated[
    str, AfterValidator(matching(r"(?!.*\.\.).+", "it leads out of itself", ".smos/state, or an absolute path"))
]


class LocalState(Setting):
    """A folder of this machine. Nobody else sees it: for a team, a bucket."""

    kind: Literal["local"] = "local"
    folder: _Folder = Field(".smos/state", description="The folder; relative to the clone")


class S3State(Setting):
    """A bucket that speaks S3, as Cloudflare's R2. The keys to it: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""

    kind: Literal["s3"]
    bucket: _Bucket = Field(description="The bucket's name")
    endpoint: _Endpoint | None = Field(None, description="Where it is, if not at Amazon's (R2: its overview page)")
    region: str = Field("auto", description="The region; R2 has only auto")


class AzblobState(Setting):
    """A container of an Azure storage account. Who may: `az login`, or AZURE_STORAGE_KEY."""

    kind: Literal["azblob"]
    account: _Account = Field(description="The storage account's name")
    container: _Container = Field(description="The container's name")


class LoginState(Setting):
    """Whatever the operator's own `pulumi login` or PULUMI_BACKEND_URL says."""

    kind: Literal["login"]


State = Annotated[LocalState | S3State | AzblobState | LoginState, Field(discriminator="kind")]


def backend_of(state: LocalState | S3State | AzblobState | LoginState, clone: Path) -> str | None:
    """The engine's PULUMI_BACKEND_URL; None where the operator's login decides."""
    if isinstance(state, LocalState):
        return f"file://{clone / state.folder}"
    if isinstance(state, AzblobState):
        return f"azblob://{state.container}?{urlencode({'storage_account': state.account})}"
    if isinstance(state, S3State):
        query = {"region": state.region}
        if state.endpoint is not None:
            host = state.endpoint.removeprefix("https://").removeprefix("http://")
            query |= {"endpoint": host, "s3ForcePathStyle": "true"}
            if state.endpoint.startswith("http://"):
                query["disableSSL"] = "true"
        return f"s3://{state.bucket}?{urlencode(query)}"
    return None
