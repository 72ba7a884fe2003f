"""What can be wrong with one customer."""
