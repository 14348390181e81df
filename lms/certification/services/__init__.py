"""Use cases of certification: proposing and signing off, revoking, papers."""
