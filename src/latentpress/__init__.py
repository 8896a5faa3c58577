"""LatentPress presses autoencoder experiments into finished, reproducible reports."""
