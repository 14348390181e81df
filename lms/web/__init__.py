"""HTTP helpers for the views of all packages. Knows no person and no table; ``lms.app`` hands it what it needs."""
