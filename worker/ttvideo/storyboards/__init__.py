"""Storyboard files: one prompt per frame, read without running anything."""
