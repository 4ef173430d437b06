"""Review campaigns: who still needs what, asked of those who answer for it, by a day."""
