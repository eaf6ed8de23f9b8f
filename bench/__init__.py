"""Measurements of the figures that SmarterOS promises: whole processes, medians, on this machine, against
their limits.
"""
