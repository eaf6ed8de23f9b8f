"""The applications that run in simulated containers. They have no resource types."""
