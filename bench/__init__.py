"""Measures the bot against its numbers; see docs/performance.md."""
