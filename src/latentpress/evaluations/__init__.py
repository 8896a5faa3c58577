"""One module an evaluation: arrays and callables in, metrics and figure data out."""
