"""Public holidays as the package `holidays` has them: reads [{"country", "region", "categories"}..] and years, prints one
list of days (YYYY-MM-DD) an item."""

import json
import sys

import holidays

first, last = int(sys.argv[1]), int(sys.argv[2])
answer = [
    sorted(
        str(day)
        for day in holidays.country_holidays(
            item["country"],
            subdiv=item["region"] or None,
            years=range(first, last + 2),
            categories=tuple(item["categories"]),
        )
        if first <= day.year <= last
    )
    for item in json.load(sys.stdin)
]
json.dump(answer, sys.stdout)
