"""The stages, in the order in which an article goes through them.

Read, fold, cut into shingles, leave out frames, weigh, sign, bucket, verify, link. In: articles. Out: clusters of
distinct texts. Each works on flat arrays, and knows only the output of the stage before it; `dedup.pipeline` joins
them.
"""
