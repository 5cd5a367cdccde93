"""Slack, by slack-sdk alone."""
