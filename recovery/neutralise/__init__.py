"""A copy for staging: it sends no mail, calls no webhook, starts nothing by the clock, and names nobody.

One file an application says what that takes, each change with its vendor's source; `applying` does it in one
transaction and looks afterwards whether it is so. What stays as it was is listed there too, and told each time.
"""
