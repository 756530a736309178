"""The order of the gallery: the lessons as in the course, the quickstart first, others by name."""

import os

import course

FIRST = ["quickstart.py", *(lesson.script.name for lesson in course.LESSONS)]


class ReadingOrder:
    """Sort key of sphinx-gallery for the files of one folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, script):
        filename = os.path.basename(script)
        return (FIRST.index(filename) if filename in FIRST else len(FIRST), filename)

    def __repr__(self):
        return type(self).__name__
