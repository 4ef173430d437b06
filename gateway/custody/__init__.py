"""Custody of the log: what two officers agree may leave it, what must stay, and receipts."""
