"""asv suites (`bench_*.py`), and scripts that compare; docs/performance.md says how to run them."""
