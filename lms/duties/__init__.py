"""Duty lists (职责清单): what a person may do alone, what they still learn, and that they have read it."""
