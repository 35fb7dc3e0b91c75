"""Studies: many runs of one case, where they differ, what came of them, and what that says."""
