"""NumPy's functions on JAX arrays, as NumPy has them: what lazy arrays are replayed with."""
