"""The audit devices of a simulated Vault, below sys/audit: of type file, whose options are read as the real one reads
them (hashicorp/vault v1.21.0 vault/audit.go enableAudit, audit/backend_file.go, audit/entry_formatter_config.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.vault.server.barrier import VaultError
from sandbox.vault.server.core import Call

__all__ = ["TRUTHS", "devices", "option_problem"]

TRUTHS = ("1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False")
"""What Go's strconv.ParseBool reads."""
ENTERPRISE = ("exclude", "fallback", "filter")
FORMATS = ("json", "jsonx")
INVALID = "invalid configuration"


def option_problem(options: Mapping[str, Any]) -> str:
    """Why a device of type file does not take these options; empty when it does."""
    if any(name in options for name in ENTERPRISE):
        return f"enterprise-only options supplied: {INVALID}"
    if "skip_test" in options and not _parses(options["skip_test"]):
        return f"cannot parse supplied 'skip_test' setting: {INVALID}"
    if options.get("prefix"):
        return "audit prefixing is not enabled in configuration, audit prefixing may not be configured for file sinks"
    path = options.get("file_path", options.get("path"))
    if path is None:
        return f'"file_path" is required: {INVALID}'
    return _format_problem(options) or _mode_problem(options) or _path_problem(str(path))


def _format_problem(options: Mapping[str, Any]) -> str:
    if "format" in options and str(options["format"]).strip().lower() not in FORMATS:
        return f'unsupported "format": {INVALID}'
    for name in ("hmac_accessor", "log_raw", "elide_list_responses"):
        if name in options and str(options[name]) not in TRUTHS:
            return f'unable to parse "{name}": {INVALID}'
    return ""


def _mode_problem(options: Mapping[str, Any]) -> str:
    mode = str(options.get("mode", ""))
    if not mode.strip():
        return ""
    if set(mode) - set("01234567"):
        return f"invalid mode: {mode}"
    return f"file mode may not be executable: {mode}" if int(mode, 8) & 0o111 else ""


def _path_problem(path: str) -> str:
    if path.rstrip().endswith("/"):
        return f'file sink creation failed for path "{path}": is a directory'
    return "" if path.strip() else f"file path is required: {INVALID}"


def _parses(value: Any) -> bool:
    return str(value) in TRUTHS


def devices(call: Call, rest: str) -> dict[str, Any] | None:
    """Answers sys/audit: lists, enables and disables audit devices."""
    kept: dict[str, Any] = call.core.barrier.state["audit"]
    path = rest.strip("/") + "/"
    if call.operation == "read" and not rest:
        return {**kept, "data": kept}
    if call.operation == "delete":
        kept.pop(path, None)
        return None
    if call.operation != "update":
        raise VaultError(405, "1 error occurred:\n\t* unsupported operation\n\n")
    kind = str(call.data.get("type") or "")
    options = {str(name): str(value) for name, value in (call.data.get("options") or {}).items()}
    if kind != "file":
        raise VaultError(400, f'unknown backend type: "{kind}": {INVALID}')
    if path == "/":
        raise VaultError(400, f"backend path must be specified: {INVALID}")
    problem = option_problem(options)
    if problem and "skip_test" in problem:
        raise VaultError(400, problem)
    for used, device in kept.items():
        if used.startswith(path) or path.startswith(used):
            raise VaultError(400, f"path already in use: {INVALID}")
        if options.get("file_path") == device["options"].get("file_path"):
            raise VaultError(400, f"file_path already in use: {INVALID}")
    if problem:
        made = not problem.startswith(("enterprise-only", "audit prefixing"))
        raise VaultError(400, f"unable to create new audit backend: {problem}" if made else problem)
    kept[path] = {
        "type": kind,
        "path": path,
        "description": str(call.data.get("description") or ""),
        "options": options,
        "local": bool(call.data.get("local", False)),
    }
    return None
