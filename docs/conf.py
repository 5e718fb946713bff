"""The site: `sphinx-build -W -n docs OUT`, or `tools/check_site`, which looks at the links as well."""

from __future__ import annotations

import logging
from importlib.metadata import version as version_of

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

project = "dedup"
author = "dedup authors"
project_copyright = "dedup authors, Apache-2.0"
version = release = version_of("article-dedup")

extensions = ["myst_nb", "sphinx_copybutton"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nb_execution_mode = "off"  # tests run the notebook; the site shows what it kept
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 4  # GitHub's, so that a link works there and here
myst_enable_extensions = ["colon_fence"]
copybutton_exclude = ".linenos, .gp, .go"  # prompts and what was printed

html_theme = "furo"
html_title = "dedup"
html_copy_source = False
html_show_sphinx = False

lexers["mermaid"] = TextLexer()  # GitHub draws it; here it is read
# Pages of the layout that are still to come: this warning has no type by which Sphinx could leave it out.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(lambda record: "glob pattern" not in str(record.msg))
