"""Strikenet's rollup node: pure rooms decide, shell rooms do; here is only the version."""

from typing import Final

__version__: Final = "0.1.0"
