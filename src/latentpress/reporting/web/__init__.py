"""The report as one HTML file: the assembled TeX read, numbered and written as semantic HTML."""
