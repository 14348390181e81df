"""Units, persons, accounts, sign-in, roles and posts."""
