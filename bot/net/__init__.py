"""The one way out: guarded sessions, egress vetting, pace and the retry policy."""
