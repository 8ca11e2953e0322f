"""The loop language: programs that tasks are lowered to, the rewrites that schedule them, and what to try next."""

from __future__ import annotations
