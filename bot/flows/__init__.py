"""Verbs: what the bot does, over the ports alone."""
