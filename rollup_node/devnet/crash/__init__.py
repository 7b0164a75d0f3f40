"""A crash on the law alone: thousands of leveraged accounts, falling prices, every step counted."""
