"""The audit log: the record, and the transaction that refuses to commit without one."""
