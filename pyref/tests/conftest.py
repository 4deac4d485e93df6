from __future__ import annotations

import sys
from pathlib import Path

# Handlers for the tests live beside them.
sys.path.insert(0, str(Path(__file__).resolve().parent))
