"""asv suites: `asv run --quick`, or with `--python=same` in an environment of your own."""
