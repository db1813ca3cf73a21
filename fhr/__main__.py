"""`python -m fhr`."""

import sys

from fhr.cli import main

sys.exit(main())
