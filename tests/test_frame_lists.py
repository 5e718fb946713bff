"""`dedup.evidence.frame_lists`: the frames that were found, as a reader sees them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import dedup
from dedup import Clusters, FrameList, Settings
from dedup.errors import InputError
from dedup.evidence.frame_lists import _cuts, one_line, whole_words

FOOTER = (
    "\n© 2011-2024 青禾读书社。文章由社员自愿投稿，观点归作者本人，未得编辑部书面同意请勿转载或摘编，"
    "来信请寄云杉市榆树巷十六号二楼青禾编辑部收，每周六晚上有一次共读，名额有限先到先得。"
)
LATER = "有事找我们请写信到 editor@qinghe-reads.example 或打热线，工作日九点到十七点有人接听。"


def unrelated(number: int, characters: int = 300) -> str:
    """A text that has nothing in common with another number's."""
    codes = np.random.default_rng(number).integers(0x4E00, 0x9FA0, characters)
    return "".join(map(chr, codes.tolist()))


def site(count: int = 20) -> list[str]:
    """Articles on as many things behind one footer, and two rewrites of the first."""
    texts = [unrelated(number) for number in range(count)]
    texts += [texts[0][:200] + unrelated(100, 100), texts[0][100:] + unrelated(101, 100)]
    return [text + FOOTER for text in texts]


@pytest.fixture(scope="module")
def found() -> Clusters:
    """Such a site, of which every other article says more below, a copy, and articles of nobody's."""
    texts = [text + LATER * (place % 2) for place, text in enumerate(site())]
    return dedup.cluster([*texts, texts[3], *(unrelated(number) for number in range(200, 205))])


def test_a_footer_is_a_frame(found: Clusters) -> None:
    """What it says, how many texts hold it, and which articles; the frame that fewer hold comes behind."""
    footer, later = found.frames()
    assert footer.passage == FOOTER.strip("\n© 。")
    assert (footer.holders, later.holders) == (22, 11)
    assert later.passage.lstrip("得。") in LATER  # a shingle that begins in the footer ends here
    assert len(later.passage) > 0.8 * len(LATER)
    assert footer.members.tolist() == list(range(23))
    assert later.members.tolist() == [*range(1, 22, 2), 22]
    assert max(footer.alike, later.alike) < 0.045


def test_what_was_left_out_is_told(found: Clusters) -> None:
    """How many articles hold a frame, copies too, and how much of all text that is."""
    frames = found.frames()
    assert frames.articles == 23
    assert found.corpus is not None
    framed = sum(int(found.corpus.texts.trace(row).framed.sum()) for row in found.corpus.first.tolist())
    total = sum(len(found.corpus.texts.trace(row).keys) for row in found.corpus.first.tolist())
    assert frames.share == pytest.approx(framed / total)
    assert frames.summary.startswith("2 frames in 23 articles, ")


def test_a_list_of_frames_prints_as_a_table(found: Clusters) -> None:
    """A line a frame, and a row a frame in a notebook."""
    lines = str(found.frames()).splitlines()
    assert lines[1] == "holders  alike  passage"
    assert lines[2].split()[0] == "22"
    assert repr(found.frames()[0]).startswith("<Frame: 22 articles, alike elsewhere 0.0")
    html = found.frames()._repr_html_()
    assert html.count("<tr>") == 3
    assert "alike elsewhere" in html


def test_spans_cover_what_is_left_out(found: Clusters) -> None:
    """In the words of the text, in order, each with how many hold it; other articles have none."""
    corpus = found.corpus
    assert corpus is not None
    for row in range(23):
        side = corpus.side(row)
        inside = np.zeros(len(side.trace.text) + 1, np.bool_)
        for span in side.frames:
            inside[span.begin : span.end] = True
        assert inside[side.trace.letters.begins[side.trace.begins[side.trace.framed]]].all()
        assert [span.holders for span in side.frames] == [22, 11][: len(side.frames)]
        assert len(side.frames) == 1 + (row % 2 or row == 22)
        assert all(one.end <= two.begin for one, two in zip(side.frames, side.frames[1:], strict=False))
    assert corpus.side(25).frames == ()


def test_frames_side_by_side_in_the_same_texts_are_one() -> None:
    """Parts of a footer that were told apart by chance are shown together."""
    (frame,) = dedup.cluster([unrelated(number) + FOOTER + LATER for number in range(12)]).frames()
    assert frame.holders == 12
    assert frame.passage == (FOOTER + LATER).strip("\n© 。")


def test_no_frames() -> None:
    """Of unrelated texts, of few, of equal ones, of nothing, and where they are not asked for."""
    for texts in ([unrelated(number) for number in range(20)], site()[:5], [FOOTER] * 20, [], ["", None]):
        frames = dedup.cluster(texts).frames()
        assert frames == []
        assert isinstance(frames, FrameList)
        assert str(frames) == "no frames"
    assert dedup.cluster(site(), Settings(frames=False)).frames() == []
    assert dedup.cluster(site(), Settings(weighted=False)).frames() == []


def test_without_texts_there_is_nothing_to_show(found: Clusters) -> None:
    """As of all evidence, with the way to get them."""
    with pytest.raises(InputError, match="holds no texts"):
        Clusters(found.graph, 0.1, 0.7).frames()


def test_neither_order_nor_threads_nor_pickling_matter(found: Clusters) -> None:
    """The same frames of the same texts, held by the same."""
    texts = site()
    frames = [
        dedup.cluster(texts, threads=1).frames(),
        dedup.cluster(texts[::-1], threads=2).frames(),
        pickle.loads(pickle.dumps(dedup.cluster(texts))).frames(),
    ]
    said = [[(one.passage, one.holders, one.alike) for one in each] for each in frames]
    assert said[0] == said[1] == said[2]
    assert (len(texts) - 1 - frames[1][0].members[::-1]).tolist() == frames[0][0].members.tolist()
    assert found.at(0.5).frames() is found.frames()


def test_a_template_says_which_of_its_passages_are_frames() -> None:
    """In Python and where it prints; what the members alone share is no frame."""
    template = dedup.cluster(site())[0].template()
    framed = [part for part in template.fixed if part.frame]
    assert [part.frame for part in framed] == [22]
    assert framed[0].text in FOOTER
    assert any(not part.frame for part in template.fixed)
    assert "(in a frame: shared by 22 articles, not counted)" in str(template)
    assert 'class="frame"' in template._repr_html_()


def test_a_change_of_holders_cuts_a_stretch() -> None:
    """Where the more hold what two windows share; what is too short to be told apart is not."""
    assert list(_cuts([0, 1, 2, 3, 4], [30, 30, 28, 31, 30])) == [(0, 12, 30)]
    assert list(_cuts([*range(10), *range(10, 30)], [30] * 10 + [12] * 20)) == [(0, 17, 30), (17, 37, 12)]
    assert list(_cuts([*range(10), *range(10, 30)], [12] * 10 + [30] * 20)) == [(0, 10, 12), (10, 37, 30)]
    assert list(_cuts([*range(10), 10, *range(11, 30)], [30] * 10 + [5] + [30] * 19)) == [(0, 37, 30)]


def test_words_are_shown_whole() -> None:
    """Where a script has spaces; a passage is one line."""
    assert whole_words("read all terms of use here", 6, 19) == "all terms of use"
    assert whole_words("请勿转载或摘编", 2, 4) == "转载"
    assert one_line("a\n b  c", 4) == "a b…"
    assert one_line("a\n b", 4) == "a b"
