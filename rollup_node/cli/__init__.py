"""The door: parses arguments and the environment, calls a room, prints; decides nothing.

The only room that imports click or reads the environment. Importing a module of this package must
stay cheap: heavy rooms are imported inside the function that needs them.
"""
