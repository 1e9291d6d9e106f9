"""The bundled mini model and the script that trains it."""
