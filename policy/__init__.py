"""The CrossGuard pack: what SmarterOS demands of every environment. Started by the engine, never imported by
the program.
"""
