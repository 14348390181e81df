"""Question banks, papers, attempts, marking, results."""
