"""Convolutions over the pixels of each frame."""

from __future__ import annotations

import ttnn

from animatediff_ttnn.layers.parameters import Parameters
from animatediff_ttnn.layers.tokens import TILE, Tokens

# What ttnn says of pictures that are too many for one call: no way to cut them, or a buffer that overflows.
TOO_LARGE = ("valid slice configuration", "circular buffers", "worst-case CB size")


class Conv2d:
    """A 3x3 convolution with padding 1: tokens [1, 1, rows, in] of pictures to [1, 1, rows, out].

    Its weights are laid out by the op at its first call, since how depends on the size of the pictures and the board's
    cores; from then on the laid out ones are kept. Where ttnn refuses all pictures at once, they are convolved in
    as few equal parts as it takes.
    """

    def __init__(self, parameters: Parameters, tokens: Tokens, stride: int = 1) -> None:
        self.device, self.tokens, self.stride = parameters.device, tokens, stride
        weight, bias = parameters.read("weight"), parameters.read("bias")
        self.out, self.into, *self.kernel = weight.shape
        self.parts = 1
        self.weight = parameters.host(weight)
        self.bias = parameters.host(bias.reshape(1, 1, 1, -1))
        # Its dtype must be said: else it follows that of the weight on the host, and the laid out ones do not fit.
        self.config = ttnn.Conv2dConfig(weights_dtype=ttnn.bfloat16, output_layout=ttnn.TILE_LAYOUT)
        self.compute = ttnn.init_device_compute_kernel_config(
            self.device.arch(), math_fidelity=ttnn.MathFidelity.HiFi2, fp32_dest_acc_en=False, packer_l1_acc=True
        )

    def __call__(self, x: ttnn.Tensor, shift: ttnn.Tensor | None = None) -> ttnn.Tensor:
        """With a shift [1, 1, 1, out] of all tokens, if there is one."""
        if shift is None:
            return self._fitting(x, self.bias)
        # In the bias it costs a row, not all tokens; which must be laid out, and without padding of the op's own.
        if ttnn.is_tensor_storage_on_device(self.bias) and self.bias.padded_shape == shift.padded_shape:
            return self._fitting(x, ttnn.add(self.bias, shift))
        return ttnn.add(self._fitting(x, self.bias), shift)

    def _fitting(self, x: ttnn.Tensor, bias: ttnn.Tensor) -> ttnn.Tensor:
        while True:
            try:
                return self._in_parts(x, bias)
            except RuntimeError as error:
                # Refused before anything is launched, so smaller parts can be tried.
                smaller = next(
                    (n for n in range(self.parts + 1, self.tokens.pictures + 1) if self.tokens.pictures % n == 0), None
                )
                if smaller is None or not any(words in str(error) for words in TOO_LARGE):
                    raise
                self.parts = smaller

    def _in_parts(self, x: ttnn.Tensor, bias: ttnn.Tensor) -> ttnn.Tensor:
        if self.parts == 1:
            return self._convolved(x, bias, self.tokens.pictures)
        rows = self.tokens.rows // self.parts
        if x.layout == ttnn.TILE_LAYOUT and rows % TILE:
            x = ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT)
        cuts = [((0, 0, start, 0), (1, 1, start + rows, self.into)) for start in range(0, self.tokens.rows, rows)]
        made = [self._convolved(ttnn.slice(x, *cut), bias, self.tokens.pictures // self.parts) for cut in cuts]
        return ttnn.concat(made, dim=2)

    def _convolved(self, x: ttnn.Tensor, bias: ttnn.Tensor, pictures: int) -> ttnn.Tensor:
        y, (height, width), (self.weight, laid_out) = ttnn.conv2d(
            input_tensor=x,
            weight_tensor=self.weight,
            bias_tensor=bias,
            device=self.device,
            in_channels=self.into,
            out_channels=self.out,
            batch_size=pictures,
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
        if bias is self.bias:
            self.bias = laid_out
        if y.is_sharded():
            y = ttnn.sharded_to_interleaved(y, ttnn.DRAM_MEMORY_CONFIG)
        elif y.memory_config().buffer_type != ttnn.BufferType.DRAM:
            y = ttnn.to_memory_config(y, ttnn.DRAM_MEMORY_CONFIG)
        return ttnn.reshape(y, (1, 1, pictures * height * width, self.out))


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
