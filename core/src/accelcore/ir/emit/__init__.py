"""Summaries as functions in other languages: each module has `emit(task) -> str`.

These are for reading, porting and checking (`lift --emit`): plain code that says what the summary says, in the order of
the task's parameters.  Fast code comes from targets.  What a language has no words for raises UnsupportedLowering.
"""
