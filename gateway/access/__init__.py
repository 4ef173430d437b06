"""Which service is meant, whether it may be reached, and the wire to it."""
