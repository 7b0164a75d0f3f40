"""The telephone: what talks to the L1 chain or runs its tools lives here; no trading word does.

The only room that imports web3 and solcx, and always lazily: importing this package costs nothing.
"""
