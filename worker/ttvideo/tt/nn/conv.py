"""Convolutions over the pixels of each frame."""

from __future__ import annotations

import ttnn

from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import Tokens


class Conv2d:
    """A 3x3 convolution with padding 1: tokens [1, 1, rows, in] of pictures to [1, 1, rows, out].

    Its weights are laid out by the op at its first call, since how depends on the size of the pictures and the board's
    cores; from then on the laid out ones are kept.
    """

    def __init__(self, parameters: Parameters, tokens: Tokens, stride: int = 1) -> None:
        self.device, self.tokens, self.stride = parameters.device, tokens, stride
        weight, bias = parameters.read("weight"), parameters.read("bias")
        self.out, self.into, *self.kernel = weight.shape
        self.weight = parameters.host(weight)
        self.bias = parameters.host(bias.reshape(1, 1, 1, -1))
        # Its dtype must be said: else it follows that of the weight on the host, and the laid out ones do not fit.
        self.config = ttnn.Conv2dConfig(weights_dtype=ttnn.bfloat16, output_layout=ttnn.TILE_LAYOUT)
        self.compute = ttnn.init_device_compute_kernel_config(
            self.device.arch(), math_fidelity=ttnn.MathFidelity.HiFi2, fp32_dest_acc_en=False, packer_l1_acc=True
        )

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        y, (height, width), (self.weight, self.bias) = ttnn.conv2d(
            input_tensor=x,
            weight_tensor=self.weight,
            bias_tensor=self.bias,
            device=self.device,
            in_channels=self.into,
            out_channels=self.out,
            batch_size=self.tokens.pictures,
            input_height=self.tokens.height,
            input_width=self.tokens.width,
            kernel_size=tuple(self.kernel),
            stride=(self.stride, self.stride),
            padding=(1, 1),
            dtype=ttnn.bfloat16,
            conv_config=self.config,
            compute_config=self.compute,
            return_output_dim=True,
            return_weights_and_bias=True,
        )
        if y.is_sharded():
            y = ttnn.sharded_to_interleaved(y, ttnn.DRAM_MEMORY_CONFIG)
        elif y.memory_config().buffer_type != ttnn.BufferType.DRAM:
            y = ttnn.to_memory_config(y, ttnn.DRAM_MEMORY_CONFIG)
        return ttnn.reshape(y, (1, 1, self.tokens.pictures * height * width, self.out))


class Upsample:
    """Twice as high and wide by repeating pixels, then convolved; `tokens` are those of what comes in."""

    def __init__(self, parameters: Parameters, tokens: Tokens) -> None:
        self.tokens, self.large = tokens, tokens.doubled()
        self.conv = Conv2d(parameters.below("conv"), self.large)

    def __call__(self, x: ttnn.Tensor) -> ttnn.Tensor:
        channels = x.shape[3]
        shape = (self.tokens.pictures, self.tokens.height, self.tokens.width, channels)
        # Row-major, which the convolution wants, too.
        y = ttnn.upsample(ttnn.reshape(ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT), shape), 2)
        return self.conv(ttnn.reshape(y, (1, 1, self.large.rows, channels)))
