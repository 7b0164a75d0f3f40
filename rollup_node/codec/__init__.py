"""The border: bytes to core types and back, one encoding per value. No opinion on the values."""
