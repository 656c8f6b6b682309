"""The command line: `conv3dt upsample`, `apply`, `demo` and `info`."""
