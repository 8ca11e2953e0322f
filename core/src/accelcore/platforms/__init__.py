"""Built-in targets: portable C, and NumPy."""
