"""A made-up sub-district with months of history, made by the services themselves while ``now`` moves forward."""
