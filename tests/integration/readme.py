"""The fenced blocks of README.md, for the tests that run what is in them."""
import os
import re

from harness import SOURCE

README = os.path.join(SOURCE, "README.md")
BLOCK = re.compile(r"^(<!-- test: run -->\n+)?```(console|sh)\n(.*?)^```", re.M | re.S)


def blocks(title=None):
    """[(marked to run by test_readme.py, console or sh, text)], of one section or of all."""
    if not os.path.exists(README):
        return []
    with open(README, encoding="utf-8") as file:
        text = file.read()
    if title is not None:
        text = re.search(rf"^##+ {re.escape(title)}\n(.*?)(^## |\Z)", text, re.M | re.S)[1]
    return [(bool(mark), kind, body) for mark, kind, body in BLOCK.findall(text)]


def lines(title):
    """The commands of a section's sh blocks, without comments."""
    text = "".join(body for _, kind, body in blocks(title) if kind == "sh")
    return [re.sub(r"\s+#.*", "", line) for line in text.replace("\\\n", " ").splitlines()]
