"""Use cases of people: accounts and sign-in, persons, units, roles."""
