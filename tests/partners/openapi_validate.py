"""Holds the OpenAPI document on standard input against the specification's own schema."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator, validate

validate(json.load(sys.stdin), cls=OpenAPIV31SpecValidator)
print("valid")
