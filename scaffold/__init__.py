"""Scaffolds: the files that something new begins with, and a test that fails until it is written.

`smos new KIND NAME` writes them: a service, a tenant's step, a policy rule, a simulated type, a command, a system. What
each is made of is declared in `scaffold.kinds`; the texts are files in templates/. No scaffold writes code that does
something: what it is to do is left to whoever asked for it, and said to them.
"""
