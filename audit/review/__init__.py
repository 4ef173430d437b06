"""Review of the log: rules that look for what stands out, findings, sign-off, evidence."""
