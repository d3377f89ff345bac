"""Documents that are rendered from the code, so that they cannot say something else."""
