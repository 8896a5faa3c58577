"""One module a model, the penalties, and their settings."""
