"""Redis in simulated containers. It has no resource types (Azure's are Azure's)."""
