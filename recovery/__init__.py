"""Backups, restores, drills, upgrades with a way back: what an operator does before and after a loss.

`sources/` says what is backed up, one kind a file; `restic` is where it goes; a `manifest` is what a restore is
compared with. Nothing here asks whether the target is simulated.
"""
