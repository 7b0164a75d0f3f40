"""The telephone: what talks to the L1 chain or runs its tools lives here; no trading word does.

The only room that imports web3 (`contracts`, for the stage; no node goes there), eth-account
(`transactions`) and solcx (`compiler`); each when it is first used, so importing the package costs
nothing.
"""
