"""The page: where things stand, for people who would rather look than read."""
