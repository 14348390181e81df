"""带教: an experienced colleague guides a newcomer for ninety days, and what is seen on rounds becomes evidence."""
