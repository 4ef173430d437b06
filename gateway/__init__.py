"""Hangu 函谷: the door between a government body's inner network, its outer network and its people."""
