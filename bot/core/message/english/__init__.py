"""The English catalogue: every sentence people read, as neutral messages."""
