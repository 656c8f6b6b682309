"""`python -m conv3dt`: the command line."""

from conv3dt.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
