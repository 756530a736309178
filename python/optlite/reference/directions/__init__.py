"""Ways to choose a descent direction. ``concept.py`` says what each of them can do."""
