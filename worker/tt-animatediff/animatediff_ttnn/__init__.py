"""AnimateDiff's temporal attention on Tenstorrent boards. Needs nothing of ttvideo."""
