"""The command provider, simulated: commands on simulated machines over SSH."""
