"""The random provider: real randomness."""
