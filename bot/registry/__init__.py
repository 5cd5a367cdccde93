"""Container registries as they really answer."""
