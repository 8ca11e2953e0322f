"""Running instruction programs on NumPy: one function per instruction, over a memory."""
