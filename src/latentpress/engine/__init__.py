"""The build system: stages, fingerprints, the store, the scheduler. Knows no machine learning."""
