"""How Sphinx makes the documentation: python -m sphinx -W docs build/docs."""

import conv3dt

project = "conv3dt"
version = release = conv3dt.__version__
extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser"]
autodoc_default_options = {"members": True, "inherited-members": "tuple, object"}
autodoc_typehints = "none"
numpydoc_show_class_members = False
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to files of the repository outside of docs
html_theme = "alabaster"
