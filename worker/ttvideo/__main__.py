"""`python -m ttvideo` is `ttvideo`."""

from ttvideo.cli import main

raise SystemExit(main())
