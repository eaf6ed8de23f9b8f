"""Which sizes Azure accepts, as pure tables: known before anything is declared."""

from __future__ import annotations

__all__ = ["POSTGRES_CONNECTIONS", "POSTGRES_SKUS", "container_apps_size_problem"]

MAX_CPU = 4.0
STEP_CPU = 0.25
MEMORY_MB_PER_CPU = 2048

# Compute of Flexible Server: https://learn.microsoft.com/azure/postgresql/compute-storage/concepts-compute
POSTGRES_SKUS = {
    "Standard_B1ms": "Burstable",
    "Standard_B2s": "Burstable",
    "Standard_B2ms": "Burstable",
    "Standard_D2ds_v5": "GeneralPurpose",
    "Standard_D4ds_v5": "GeneralPurpose",
    "Standard_E2ds_v5": "MemoryOptimized",
}
# "Maximum user connections": what a server takes by default, less the 15 that Azure keeps for itself:
# https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-limits
POSTGRES_CONNECTIONS = {
    "Standard_B1ms": 35,
    "Standard_B2s": 414,
    "Standard_B2ms": 844,
    "Standard_D2ds_v5": 844,
    "Standard_D4ds_v5": 1703,
    "Standard_E2ds_v5": 1703,
}


def container_apps_size_problem(cpu: float, memory_mb: int) -> tuple[str, str] | None:
    """Why Container Apps refuses a pair (https://learn.microsoft.com/azure/container-apps/containers), and
    the mend.
    """
    steps = cpu / STEP_CPU
    if steps != int(steps) or not STEP_CPU <= cpu <= MAX_CPU:
        return (
            f"Container Apps takes 0.25 to {MAX_CPU:g} CPU in steps of 0.25, not {cpu:g}",
            f"for example cpu: 0.5 with memoryMb: {MEMORY_MB_PER_CPU // 2}",
        )
    if memory_mb != int(cpu * MEMORY_MB_PER_CPU):
        return (
            f"Container Apps gives {cpu:g} CPU exactly {int(cpu * MEMORY_MB_PER_CPU)} MB, not {memory_mb}",
            f"memoryMb: {int(cpu * MEMORY_MB_PER_CPU)}, or another cpu",
        )
    return None
