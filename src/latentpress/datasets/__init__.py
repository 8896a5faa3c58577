"""One module a data set; sources finds, downloads and checks the files."""
