"""The database: what must survive a crash."""
