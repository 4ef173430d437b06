"""Changing the rules without fear: texts, findings, tests, differences, replay, safeguards."""
