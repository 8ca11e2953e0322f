"""The vectorised evaluator behind `accelcore.ir.evaluate`.

Its modules import NumPy, so they are imported by the functions of `evaluate` and never by the package.
"""
