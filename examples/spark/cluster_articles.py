"""Clusters articles on Spark: spark-submit cluster_articles.py ARTICLES LABELS SCRATCH, which all machines can reach.

ARTICLES is Parquet with the columns id and text, LABELS is written as Parquet, and SCRATCH is for what stages keep.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession

import dedup.spark


def main(articles: str, labels: str, scratch: str) -> None:
    """Read, cluster, write, and say what was found."""
    spark = SparkSession.builder.appName("dedup").getOrCreate()
    found = dedup.spark.cluster(spark.read.parquet(articles), checkpoint=scratch)
    found.write.mode("overwrite").parquet(labels)
    clusters = spark.read.parquet(labels).where("size > 1").groupBy("cluster").count()
    for row in clusters.orderBy("count", ascending=False).limit(10).collect():
        print(f"{row['count']:>6} {row['cluster']}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
