"""Incident response: tiered runbooks, legal clocks, containment and cases (with the incident issue)."""
