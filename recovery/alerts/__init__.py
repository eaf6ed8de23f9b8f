"""Alerts that reach a person: what is bad is told once, again while it lasts, and once more when it is over."""
