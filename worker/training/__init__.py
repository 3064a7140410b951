"""Makes the bundled model from nothing: renders clips, trains on them, judges the result. Not shipped in the wheel."""
