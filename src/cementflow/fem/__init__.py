"""Control-volume finite elements: coefficients of a mesh, compiled kernels and linear solvers."""
