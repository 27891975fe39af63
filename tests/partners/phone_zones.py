"""Where telephone numbers lie, as the package `phonenumbers` has it: reads a list of numbers and prints, for each, the list of
its time zones; an empty one where it says none."""

import json
import sys

import phonenumbers
from phonenumbers import timezone


def zones(text):
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return []
    found = timezone.time_zones_for_geographical_number(number)
    return [zone for zone in found if zone != timezone.UNKNOWN_TIMEZONE]


print(json.dumps([zones(text) for text in json.load(sys.stdin)]))
