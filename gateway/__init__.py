"""Hangu 函谷: the door between a government body's inner network, its outer one, and people."""
