"""The CrossGuard pack: what SmarterOS demands of every environment. Started by the engine, or served
to many of its runs at once; never imported by the program.
"""
