"""What the extensions that write pages share."""


def escape(text):
    """Protect plain text from being read as reStructuredText markup."""
    for character in "\\*`|_":
        text = text.replace(character, "\\" + character)
    return text


def write_if_changed(path, text):
    """Write a page only when its text changed, so that Sphinx rebuilds no more than it must."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
