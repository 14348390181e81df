"""The catalogue by layer and category, enrolment, lessons and progress."""
