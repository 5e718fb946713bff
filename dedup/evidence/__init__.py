"""What can be asked of a result: what is shared, what a cluster is about, who is behind it.

In: the texts of a run with their weights, clusters, and verified pairs. Out: explanations, templates, keywords,
indicators, frames and campaigns, worked out when they are asked for.
"""
