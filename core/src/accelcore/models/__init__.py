"""Language models: thin adapters on the providers' SDKs, and one client that pays, retries, journals and replays.

A key is read when `--model` names a model, from the environment, and goes nowhere but into the SDK's client: no
journal, log, report or child process ever holds it.
"""
