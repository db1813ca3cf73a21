"""Command line as a module: `python -m fhr`."""

import sys

from fhr.cli import main

sys.exit(main())
