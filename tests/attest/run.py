#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the unit tests of scripts/attest, cove-verify and cove-rot. Prints TAP. usage: run.py [-v] [TEST...]"""

import os
import sys
import unittest
import warnings

from cryptography.utils import CryptographyDeprecationWarning

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "scripts")]


class Tap(unittest.TestResult):
    """One line a test: its sentence is the first line of its docstring."""

    def __init__(self):
        super().__init__()
        self.number = 0

    def line(self, test, good, detail=""):
        self.number += 1
        print("%sok %d - %s" % ("" if good else "not ", self.number, test.shortDescription() or test.id()), flush=True)
        for text in detail.splitlines():
            print("# " + text)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line(test, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line(test, False, self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self.line(test, False, self._exc_info_to_string(err, test))


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("-")]
    loader = unittest.defaultTestLoader
    suite = loader.loadTestsFromNames(names) if names else loader.discover(HERE, "test_*.py", HERE)
    result = Tap()
    warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)      # wrong numbers, on purpose
    suite.run(result)
    print("1..%d" % result.number)
    sys.exit(0 if result.wasSuccessful() and result.number else 1)


if __name__ == "__main__":
    main()
