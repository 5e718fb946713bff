"""Invented articles, each as Markdown, as a web page and as plain text."""

from __future__ import annotations

WHO = {
    "zh-Hans": [
        "住在河边的李老师",
        "市政府的工程师",
        "卖糖葫芦的小贩",
        "一位白发老人",
        "文物局的专家",
        "附近学校的学生",
    ],
    "zh-Hant": [
        "住在河邊的李老師",
        "市政府的工程師",
        "賣糖葫蘆的小販",
        "一位白髮老人",
        "文物局的專家",
        "附近學校的學生",
    ],
    "ja": [
        "川辺に住む田中先生は",
        "市役所の技術者は",
        "焼き芋を売る人は",
        "白髪の老人は",
        "博物館の専門家は",
        "近くの学校の生徒は",
    ],
    "ko": [
        "강가에 사는 김 선생님은",
        "시청 기술자는",
        "군밤 장수는",
        "백발 노인은",
        "박물관 전문가는",
        "근처 학교 학생은",
    ],
    "en": [
        "Mrs. Harper, who lives by the river,",
        "The engineer of the town",
        "A man who sells chestnuts",
        "An old man with white hair",
        "The expert of the museum",
        "A pupil of the school nearby",
    ],
    "ar": [
        "المعلمة سعاد التي تسكن قرب النهر",
        "مهندس البلدية",
        "بائع الكستناء",
        "رجل مسن أبيض الشعر",
        "خبير المتحف",
        "تلميذ المدرسة القريبة",
    ],
}
WHAT = {
    "zh-Hans": [
        "说修桥用了整整两年时间",
        "检查了桥下的每一根木梁",
        "傍晚在栏杆上挂起了红灯笼",
        "记得旧桥被洪水冲毁过四次",
        "在岸边种下了两排小柳树",
        "打算明年把这段经过写成一本书",
    ],
    "zh-Hant": [
        "說修橋用了整整兩年時間",
        "檢查了橋下的每一根木樑",
        "傍晚在欄杆上掛起了紅燈籠",
        "記得舊橋被洪水沖毀過四次",
        "在岸邊種下了兩排小柳樹",
        "打算明年把這段經過寫成一本書",
    ],
    "ja": [
        "橋の修理には二年かかったと話した",
        "橋の下の梁を一本ずつ調べた",
        "夕方に欄干へ赤い提灯を掛けた",
        "古い橋が洪水で四度流されたことを覚えている",
        "岸に柳の苗を二列植えた",
        "来年この経緯を本にまとめるつもりだ",
    ],
    "ko": [
        "다리 수리에 이 년이 걸렸다고 말했다",
        "다리 아래 들보를 하나씩 살펴보았다",
        "저녁에 난간에 붉은 등을 걸었다",
        "옛 다리가 홍수에 네 번 떠내려간 것을 기억한다",
        "강가에 버드나무를 두 줄로 심었다",
        "내년에 이 과정을 책으로 쓸 생각이다",
    ],
    "en": [
        "said that the repair of the bridge took two years",
        "looked at each of the beams below the bridge",
        "hung red lanterns along the rail in the evening",
        "remembers that floods carried the old one away four times",
        "planted two rows of willows on the bank",
        "wants to write a book about all of it next year",
    ],
    "ar": [
        "قال إن ترميم الجسر استغرق سنتين",
        "فحص كل عارضة تحت الجسر",
        "علق فوانيس حمراء على السور مساء",
        "يذكر أن الفيضان جرف الجسر القديم أربع مرات",
        "زرع صفين من الصفصاف على الضفة",
        "ينوي أن يكتب كتابا عن ذلك في العام المقبل",
    ],
}
MENU = "<nav><a href='/'>Home</a> <a href='/news'>News</a> <a href='/in'>Log in</a></nav>"


def sentences(language: str) -> list[str]:
    """All that all of them did."""
    blank, stop = ("", "。") if language.startswith(("zh", "ja")) else (" ", ".")
    return [f"{who}{blank}{what}{stop}" for what in WHAT[language] for who in WHO[language]]


def written(language: str) -> dict[str, str]:
    """An article of headings, emphasis, links, an image, lists, a quote, a table and code, in three forms.

    Returns:
        Under ``"md"``, ``"html"`` and ``"txt"``.
    """
    title, link, *told = sentences(language)
    paragraphs = [" ".join(told[at : at + 5]) for at in range(0, 15, 5)]
    items, steps, cells, last = told[15:19], told[19:23], told[23:27], told[27:]
    url, image, code = "https://example.org/bridge", "/bridge.jpg", "open --gate 4"
    lines = {
        "md": [
            *(f"# {title}", f"**{paragraphs[0]}** [{link}]({url})", f"![]({image})", f"## {told[0]}", paragraphs[1]),
            "\n".join(f"- {item}" for item in items),
            f"> *{paragraphs[2]}*",
            "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)),
            f"| {cells[0]} | {cells[1]} |\n|---|---|\n| {cells[2]} | {cells[3]} |",
            *(f"```\n{code}\n```", *last),
        ],
        "html": [
            f"<html lang='{language}'><head><meta charset='utf-8'><title>{title}</title></head><body>{MENU}<article>",
            f"<h1>{title}</h1><p><strong>{paragraphs[0]}</strong> <a href='{url}'>{link}</a></p>",
            f"<p><img src='{image}' alt=''></p><h2>{told[0]}</h2><p>{paragraphs[1]}</p>",
            f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>",
            f"<blockquote><p><em>{paragraphs[2]}</em></p></blockquote>",
            f"<ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol>",
            f"<table><thead><tr><th>{cells[0]}</th><th>{cells[1]}</th></tr></thead>",
            f"<tbody><tr><td>{cells[2]}</td><td>{cells[3]}</td></tr></tbody></table><pre><code>{code}</code></pre>",
            *(*(f"<p>{paragraph}</p>" for paragraph in last), "</article></body></html>"),
        ],
        "txt": [
            *(title, f"{paragraphs[0]} {link}", told[0], paragraphs[1], *items, paragraphs[2]),
            *(f"{number}. {step}" for number, step in enumerate(steps, 1)),
            *(*cells, code, *last),
        ],
    }
    return {form: "\n\n".join(parts) for form, parts in lines.items()}
