"""A third kind of place, which only records what it is asked for. It lives here alone: its settings, its placement, and
how the contract suite reads it. That suite passes with it, and nothing outside this folder knows of it.
"""
