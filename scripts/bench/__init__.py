"""Measuring speed and memory on a scratch instance: ``make bench``."""
