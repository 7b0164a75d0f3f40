"""Weeks in the life of two option vaults on a running devnet, and what they came to."""
