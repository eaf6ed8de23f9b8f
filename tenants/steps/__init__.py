"""What a tenant consists of, one step a file. A step declares; each thing in it has a name that follows from the slug,
so that running again completes what an interrupted run began.
"""
