"""Rented machines, simulated: what can be reached of them over SSH. They have no resource types."""
