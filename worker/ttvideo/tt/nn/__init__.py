"""AnimateDiff's UNet in TTNN: the whole of diffusers' UNetMotionModel, and the schedulers' steps, on the device.

The motion modules and what they share with the rest are in `animatediff_ttnn.layers`, which tells how tokens lie.
"""
