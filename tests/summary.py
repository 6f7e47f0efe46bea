#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closes a test run: names what failed or was skipped and why, then counts.

usage: summary.py TESTLOG.json    (what `meson test` leaves in meson-logs)
"""

import json
import sys

PASSED = {'OK', 'EXPECTEDFAIL'}
SKIPPED = {'SKIP'}


def reason(test):
    """The last line a test printed: scripts say there why they skip."""
    text = test.get('stderr') or test.get('stdout') or ''
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else 'no reason given'


def main(path):
    passed = failed = skipped = 0
    try:
        with open(path, encoding='utf-8') as log:
            tests = [json.loads(line) for line in log]
    except OSError as err:
        print(f'summary: no test ran: {err}', file=sys.stderr)
        tests = []
    for test in tests:
        if test['result'] in PASSED:
            passed += 1
        elif test['result'] in SKIPPED:
            skipped += 1
            print(f'skipped: {test["name"]}: {reason(test)}')
        else:
            failed += 1
            print(f'failed: {test["name"]}: {test["result"].lower()}')
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 0 if tests and not failed else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
