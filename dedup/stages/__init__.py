"""The stages, in the order in which an article goes through them.

Read, fold, cut into shingles, leave out frames, weigh, sign, bucket, verify, link. In: articles. Out: clusters of
distinct texts. Each works over flat arrays, and knows of the one before it what that gives; `dedup.pipeline` joins
them.
"""
