"""What was asked: every spelling of a call becomes one request; every error a user can cause."""
