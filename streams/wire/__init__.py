"""The forms on the topics, and the stored row."""
