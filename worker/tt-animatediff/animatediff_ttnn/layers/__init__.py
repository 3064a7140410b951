"""AnimateDiff's layers in TTNN: everything a motion module is made of, on the device from its first op to its last.

Activations are tokens: bfloat16 [1, 1, rows, channels] in tiles in DRAM, a row for each pixel of each frame.
"""
