"""The schema's history: one line, both directions, no models imported in a revision."""
