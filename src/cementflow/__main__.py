"""`python -m cementflow`."""

from cementflow.cli import main

raise SystemExit(main())
