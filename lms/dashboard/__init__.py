"""Pages that join several packages: home pages, the audit page with names. Owns no table."""
