"""Eligibility, proposal, sign-off, papers, public verification, revocation and reissue of certificates."""
