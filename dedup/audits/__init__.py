"""How good a run was: pairs of its articles, sampled for a person to mark, and what the marks say.

In: a result. Out: a page or a CSV file of pairs, and from the marks precision and recall with their intervals. Costs as
much as comparing the articles anew, for pairs below the threshold. Judges nothing itself.

From the top: `sampled` draws the pairs and writes them; `marked` says what the marks of a person mean; `marks` reads
and writes these as CSV; `audited_runs` holds what both are read against; `sources` says where articles come from;
`populations` are the pairs that a sample is drawn from, and `estimates` what is known of all pairs from some.
"""
