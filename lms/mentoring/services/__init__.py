"""Use cases of mentoring: pairs with their plan, and the sessions logged in them."""
