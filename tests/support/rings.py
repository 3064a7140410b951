"""A pytest plugin that says how long each ring, a folder of tests/, took. `make test` loads it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seconds: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                ring = PurePosixPath(report.nodeid.partition("::")[0]).parts[1]
                seconds[ring] += report.duration
    terminalreporter.section("rings")
    for ring, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"{spent:8.1f} s  {ring}")
