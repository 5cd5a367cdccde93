"""Archbell: tells people when the missing architecture of an image tag can be pulled."""
