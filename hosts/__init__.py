"""The machines with Docker: how they are prepared (a Pulumi project of its own) and how they are reached over
SSH.
"""
