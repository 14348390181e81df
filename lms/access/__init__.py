"""Who may do what: one readable table and the few functions that ask it."""
