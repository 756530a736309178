"""Ways to choose how far to go along a direction. ``concept.py`` says what each can do."""
