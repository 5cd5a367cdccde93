"""Every word the bot says to people, and how it is laid out for each service."""
