"""Video generation on Tenstorrent accelerators, GPUs and CPUs."""

__version__ = "0.1.0"
