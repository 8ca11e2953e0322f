"""The C and C++ front end: tree-sitter's syntax tree, rewritten into the subset that the Python front end reads.

The two languages share loops, subscripts and calls; what differs is made explicit on the way: division that
truncates, conversions of real to integer and to narrow integers, pointers that walk (an array and a position),
containers with sizes and push_back.  Signed overflow is undefined in C, so signed arithmetic is exact here; stores to
8- and 16-bit integers wrap as C converts them, and so does unsigned arithmetic at its width.  Unsigned variables that
only count are exact.  Array arguments are taken not to overlap.
"""

from __future__ import annotations

from accelcore_llmlift.c.functions import parse

__all__ = ["parse"]
