"""What ways share."""
