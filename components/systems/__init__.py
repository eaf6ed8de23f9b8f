"""Which services make a system. `smarteros` is the platform itself."""
