"""Pipelines that tt-metal's own sources ship, run as programs of the engine. None of them was ever run from here.

`table` and `tree` are read by the worker, too, and import nothing of tt-metal's; `program` and `adapters` are the
engine's.
"""
