"""The NKI 1 surface (`neuronxcc.nki`): operations return tiles, masks, index tensors, block dimensions.

A front-end only: every operation ends in the instructions of `accelcore_nki.isa`, which check, execute and time it.
"""
