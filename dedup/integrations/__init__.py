"""Other people's frameworks, a module each: `dedup.integrations.scrapy`.

A module imports its framework, which is an extra; nothing else of the package imports these modules.
"""
