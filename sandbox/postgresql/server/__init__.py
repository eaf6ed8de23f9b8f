"""The real servers: one behind each simulated database host."""
