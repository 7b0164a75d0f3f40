"""The second form of the same law: compiles the hot rooms with mypyc, and says which form runs.

Imports no other room: what it decides has to be decided before any of them is imported.
"""
