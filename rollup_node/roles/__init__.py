"""The players: each decides from a view and its memory what to do; none of them does it."""
