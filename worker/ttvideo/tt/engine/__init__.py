"""The child process that drives Tenstorrent boards: it alone imports ttnn, and may be ended without losing the worker.

`python -m ttvideo.tt.engine`, in an interpreter that has ttnn. Only `opening`, `wire` and `faults` are read by the
worker, too; nothing here needs more of ttvideo than its errors and the table of boards.
"""
