"""Upgrades of applications that go wrong, on request. They have no resource types."""
