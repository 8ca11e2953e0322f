"""From a proved summary to C with commands of the accelerator, and to plain C for what it cannot do."""
