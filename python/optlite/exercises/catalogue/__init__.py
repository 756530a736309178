"""The exercises, one file each; the package finds them by the files that are here."""
