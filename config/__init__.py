"""The settings of one zone, and the files an installation starts from."""
