"""The run folder: written whole, read back exactly."""
