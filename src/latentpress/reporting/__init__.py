"""Figures, tables, sentences and LaTeX. Imports no machine-learning framework."""
