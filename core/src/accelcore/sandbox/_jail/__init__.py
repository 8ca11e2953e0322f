"""What runs outside the caller's process: a warm server that forks sandboxed children, and the code in them.

These modules use the standard library and each other only, and are started by `python -I -S`, so that the server is
small (its fork takes well under a millisecond) and single-threaded (so that forking it is safe, whatever threads the
caller has).

    caller --(control socket)--> server --fork--> keeper --fork--> init --fork--> the sandboxed process

server   forks one keeper per request and forgets it.
keeper   trusted, outside the sandbox: holds the clock, kills everything that is left at the end.
init     process 1 of the child's pid namespace (only where there is one): makes its file system, reaps.
"""
