"""Fetch pip's wheel from the package index: for a Python without pip and ensurepip.

usage: fetch_pip.py DIR    prints the path of the wheel; `python WHEEL/pip` runs it
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import urlopen

INDEX = "https://pypi.org/pypi/pip/json"
TIMEOUT = 60  # seconds


def main(directory: str) -> None:
    with urlopen(INDEX, timeout=TIMEOUT) as answer:
        files = json.load(answer)["urls"]
    wheel = next(f for f in files if f["packagetype"] == "bdist_wheel")
    with urlopen(urljoin(INDEX, wheel["url"]), timeout=TIMEOUT) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != wheel["digests"]["sha256"]:
        sys.exit("pip's wheel does not match its published digest")
    target = Path(directory) / wheel["filename"]
    target.write_bytes(content)
    print(target)


if __name__ == "__main__":
    main(sys.argv[1])
