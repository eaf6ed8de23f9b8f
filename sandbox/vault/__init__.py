"""Vault, simulated: its provider's types, and a Vault that they speak to."""
