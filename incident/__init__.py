"""Incident response: tiered runbooks, legal clocks, containment and cases; to come."""
