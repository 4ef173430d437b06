"""People, units, passwords, one-time codes, enrolment, sign-in and sessions of one zone."""
