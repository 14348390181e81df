"""The competency framework, evidence, scores and levels."""
