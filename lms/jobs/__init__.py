"""Long work: an outbox row in the caller's transaction, handed over to a worker process."""
