"""The contract the mini-programs are built on.

Wire structs only: what crosses HTTP, the closed sets of codes in it, and the refusals. Nothing here
knows a store, a framework or a domain; every other package may import it, and it imports none.
"""
