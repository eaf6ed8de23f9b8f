"""A run on many tenants: which, in which order, how many at once, when it stops, and what a killed one leaves.

What is done with one tenant is not here (tenants/lifecycle.py): `work` is the only module that knows both.
"""
