"""``python -m optlite``: the command ``optlite``."""

import sys

from ._command import main

sys.exit(main())
