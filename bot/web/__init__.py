"""What is there to be fetched over HTTP."""
