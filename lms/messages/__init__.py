"""The inbox: what has happened to a person, and one reminder a day of what waits."""
