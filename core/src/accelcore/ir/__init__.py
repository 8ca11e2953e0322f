"""The tensor language: expressions, their meaning, and what reads and prints them (docs/language.md)."""
