"""What an environment is made of: services say what runs, placements where, systems which of them
together.
"""
