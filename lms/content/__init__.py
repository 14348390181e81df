"""Content files in the database: revisions that learners, attempts and papers are pinned to."""
