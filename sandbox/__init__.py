"""The clouds on this machine: simulated providers, as strict as the vendors', that the real engine attaches to."""
