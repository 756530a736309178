"""The order of the gallery: the quickstart, then the others by name."""


class QuickstartFirst:
    """Sort key of sphinx-gallery for the files of one folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        return (filename != "quickstart.py", filename)

    def __repr__(self):
        return type(self).__name__
