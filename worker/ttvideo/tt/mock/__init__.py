"""The real ttnn on boards that are not here.

`toolchain.setup` before ttnn is imported; then every program runs through ttnn's own checks of shapes, layouts and
memory for the board that was named, and nothing is computed. `golden.shadow` adds the numbers, `report` what a program
costs. What that proves, and what it does not, is in docs/tenstorrent.md.
"""
