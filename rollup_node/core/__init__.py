"""The law: rules as pure functions of their arguments. No bytes, hashes, clock or network."""
