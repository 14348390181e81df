"""Roster files in, as offices keep them: title rows, merged cells, subtotals, notes and all."""
