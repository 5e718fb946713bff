"""The site: `sphinx-build -W -n docs OUT`, or `tools/check_site`, which looks at the links as well."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "dedup"
author = "dedup authors"
project_copyright = "dedup authors, Apache-2.0"
version = release = version_of("article-dedup")

extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click", "sphinx_copybutton",
    "chinese", "llms", "signatures",
]  # fmt: skip
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nb_execution_mode = "off"  # tests run the notebook; the site shows what it kept
exclude_patterns = ["_build"]
nitpicky = True
smartquotes = False  # `--out` is no dash
nitpick_ignore_regex = [
    ("py:obj", "(?s).*"),  # what stands in backticks in a docstring: a link where it names something, else code
    ("py:.*", r"(?!dedup\.).*"),  # of other projects, whose inventories are on the network
    ("py:class", r"dedup\.(kernels|work|rows|evidence\.(corpus|protocols)|report\.pages)\..*"),  # below what is public
    ("py:class", r"dedup\..*\.(AuditedRun|Batch|Columns|SecretSeed|Verdicts)"),
]
default_role = "py:obj"

myst_heading_anchors = 4  # GitHub's, so that a link works there and here
myst_enable_extensions = ["colon_fence"]
copybutton_exclude = ".linenos, .gp, .go"  # prompts and what was printed

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = "dedup"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_search_language = "zh"
html_search_scorer = str(Path(__file__).with_name("_extensions") / "scorer.js")  # where a build starts does not matter
