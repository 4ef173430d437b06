"""Changes of the rules as dossiers: from the first draft to the confirmed version."""
