"""Where calls run: threads, control groups, memory, reports."""
