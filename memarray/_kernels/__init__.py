"""What each NumPy function is in JAX; operands come in one of NumPy's loop dtypes."""
