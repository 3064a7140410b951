"""The layer between the worker and Tenstorrent boards. Nothing in it was run on a board: no board was at hand."""
