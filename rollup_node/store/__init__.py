"""The ledger: append, read back, cut off what was never confirmed; bytes stay opaque here."""
