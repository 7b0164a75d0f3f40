"""One node process: reads L1, lets its roles decide, and does what they decided."""
