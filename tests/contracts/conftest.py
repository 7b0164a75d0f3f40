"""The twins meet in pyrevm, which has no wheel for Python 3.13: there forge alone replays vectors.

On older Pythons a missing pyrevm is an error, never a skip.
"""

import sys

collect_ignore_glob = ["test_*.py"] if sys.version_info >= (3, 13) else []
