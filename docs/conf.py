"""How Sphinx makes the documentation: python -m sphinx -W docs build/docs."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import conv3dt

sys.path.insert(0, str(Path(__file__).parent))
import inventories

project = "conv3dt"
version = release = conv3dt.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["templates"]
exclude_patterns = ["templates"]

autodoc_default_options = {"members": True, "inherited-members": "tuple, object"}
autodoc_typehints = "none"
# Where PyTorch is not installed, its names are stand-ins, and examples with it are not run.
HAS_TORCH = find_spec("torch") is not None
autodoc_mock_imports = [] if HAS_TORCH else ["torch"]
default_role = "code"
numpydoc_show_class_members = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# A name that numpydoc finds among the types of a parameter is a link where an inventory has it.
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {
    "array_like": ":term:`array_like <numpy:array_like>`",
    "dtype": "numpy.dtype",
    "ndarray": "numpy.ndarray",
}
numpydoc_xref_ignore = "all"
intersphinx_mapping = inventories.mapping()
intersphinx_timeout = 5

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$" if HAS_TORCH else r"/(?!torch_)\w+\.py$",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "show_signature": False,
    "write_computation_times": False,
    "plot_gallery": "True",
}

html_theme = "pydata_sphinx_theme"
html_static_path = ["static"]
html_css_files = ["conv3dt.css"]
html_title = f"conv3dt {version}"
html_show_sourcelink = False
# Pages without others below them have nothing to list at the left.
html_sidebars = {name: [] for name in ("index", "first-steps", "changelog", "contributing")}
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["sphinx-version"],
    "footer_end": ["theme-version"],
    "show_prev_next": False,
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}

# Documents of the repository that are pages as well, and pages that are made of its programs.
OUTSIDE = {
    r"\]\((?:\.\./)+(CONTRIBUTING|CHANGELOG)\.md": lambda found: f"]({found[1].lower()}.md",
    r"\]\((?:\.\./)+README\.md": lambda found: "](index.md",
    r"\]\((?:\.\./)*examples/(\w+)\.py": lambda found: f"](gallery/{found[1]}.rst",
    r"\]\((?:\.\./)*examples\)": lambda found: "](gallery/index.rst)",
}


def inside(app, docname, source):
    """Turn links out of the folder of pages, as GitHub follows them, into links to pages."""
    for pattern, page in OUTSIDE.items():
        source[0] = re.sub(pattern, page, source[0])


def setup(app):
    """Join Sphinx's events."""
    app.connect("source-read", inside)
