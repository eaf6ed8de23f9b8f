"""The real Redis behind each simulated container that runs one."""
