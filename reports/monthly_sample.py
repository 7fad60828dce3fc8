"""A month of a practice that does not exist, for previews, examples and tests.

It was computed as every month is, over the fictional referrals of tests/truth/practice.py, which
writes the file anew; a test computes it again and compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from models.monthly import MonthlyReport

SAMPLE: Final = MonthlyReport.model_validate_json(Path(__file__).with_suffix(".json").read_bytes())
