"""The append-only trail of acts that decide or change a record, chained by hashes."""
