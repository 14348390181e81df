"""Building blocks without domain knowledge. Nothing here may know a person, a course or a request."""
