"""The choice: every way is asked, the cheapest is taken."""
