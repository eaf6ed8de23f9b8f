"""The drill: a backup comes back into a scratch place, is asked as its owner would ask, and what came of it is signed.

Nothing that lives is touched, and what is looked at can reach nobody: `network` closes the place, `scratch` is its
database server, `asking` puts the questions that services declare, `proof` is what is kept.
"""
