#!/usr/bin/env bash
# courlan 1.4.0 with strict=True keeps a parameter called `id` and drops the ones by which articles of public accounts on
# WeChat (`__biz`, `mid`, `sn`) and threads of Discuz forums (`tid`) are told apart: addresses of different articles
# become one that leads to none of them. A UrlStore with strict=True then holds that address once for each of them,
# though it keeps an address that comes again only once otherwise. Exits with 1 if that is no longer so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'courlan==1.4.0' 2>"$work/pip.log" || { cat "$work/pip.log"; exit 1; }
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from courlan import UrlStore, check_url

print("courlan", version("courlan"), "on Python", sys.version.split()[0])
articles = [f"https://mp.weixin.qq.com/s?__biz=EXAMPLE&mid={number}&idx=1&sn=a{number}" for number in (101, 102, 103)]
threads = [f"https://forum.example.com/forum.php?mod=viewthread&tid={number}" for number in (7, 8)]
pages = [f"https://news.example.com/show.php?id={number}" for number in (7, 8)]
kept = {}
for name, addresses in {"WeChat": articles, "forum": threads, "id": pages}.items():
    kept[name] = {check_url(one, strict=True)[0] for one in addresses}
    print(f"{name}: {len(addresses)} addresses, strict: {sorted(kept[name])}")


def stored(strict, addresses):
    store = UrlStore(strict=strict)
    store.add_urls(addresses)
    return store.dump_urls()


strict, again = stored(True, articles), stored(True, pages[:1] * 3)
print("a store of the three articles, strict:", strict)
print("a store of one address three times:", again)
as_known = kept["WeChat"] == {"https://mp.weixin.qq.com/s"} and len(kept["forum"]) == 1 and len(kept["id"]) == 2
sys.exit(not (as_known and strict == ["https://mp.weixin.qq.com/s"] * 3 and len(again) == 1))
PYTHON
