#!/usr/bin/env bash
# Sphinx 9.0.4, html_search_language = "zh": the search of the site that it builds does not run. The script of the language names a
# stemmer `ChineseStemmer`, after the language, and brings the English one, `EnglishStemmer`; so nothing after that line is set, and a
# search for anything, in any language, ends in an error and finds nothing. Exits with 1 if the stemmer that is named is there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'sphinx==9.0.4' 'jieba==0.42.1' 'setuptools<81' 2>"$work/pip.log" || { cat "$work/pip.log"; exit 1; }
mkdir "$work/pages"
printf 'html_search_language = "zh"\n' >"$work/pages/conf.py"
printf 'Bridges\n=======\n\nThe bridge of three arches. 三孔石桥。\n' >"$work/pages/index.rst"
"$work/venv/bin/python" -W ignore -m sphinx --quiet "$work/pages" "$work/site" 2>"$work/build.log"
cd "$work/site/_static"
named=$(sed -n 's/^window.Stemmer = \(.*\);$/\1/p' language_data.js)
made=$(grep -ohE '\w+Stemmer *= *function|function \w+Stemmer|var \w+Stemmer' -- *.js | grep -oE '\w+Stemmer' | sort -u | tr '\n' ' ')
echo "sphinx $("$work/venv/bin/python" -c 'import sphinx; print(sphinx.__version__)'): the search asks for $named; made are: $made"
[[ " $made" != *" $named "* ]]
