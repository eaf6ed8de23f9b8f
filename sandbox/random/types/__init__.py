"""The types of the random provider."""
