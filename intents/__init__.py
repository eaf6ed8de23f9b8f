"""Intents: what was about to be created, noted before the vendor is asked, so that a lost answer loses nothing.

Each thing that a program creates anew gets a number of its own (a nonce), which is noted beside the stack's state first
and then written onto the thing where its type can bear a mark. What a run left at a vendor without knowing it is taken
over by the next one, by that mark (deploy/take_over.py). Nothing here asks a vendor, and nothing is ever deleted for
what stands in a journal.
"""
