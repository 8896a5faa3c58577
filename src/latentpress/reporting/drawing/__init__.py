"""One module for each family of figures; each draws a `Figure` of `latentpress.figure_data` with matplotlib."""
