"""An upgrade with a way back, and the return to a git tag: image and data together, or neither."""
