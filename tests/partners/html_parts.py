"""Reads a JSON list of HTML documents and says of each what a browser makes of it, by the algorithm of the HTML standard:
its elements with their attributes, what stands in its scripts and styles, its comments and its text. A document within a
document (`srcdoc`) is part of it."""

import json
import sys

import html5lib

RAW = {"script", "style", "template", "noscript", "xmp", "iframe", "noembed", "noframes", "plaintext"}


def parts(html, found):
    tree = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    for node in tree.iter():
        if not isinstance(node.tag, str):
            found["comments"].append(node.text or "")
            continue
        name = node.tag.rsplit("}", 1)[-1]
        attributes = {str(key).rsplit("}", 1)[-1]: value for key, value in node.attrib.items()}
        found["elements"].append([name, attributes])
        where = "raw" if name in RAW else "text"
        found[where].append(node.text or "")
        found["text"].append(node.tail or "")
        if "srcdoc" in attributes:
            parts(attributes["srcdoc"], found)
    return found


documents = json.load(sys.stdin)
json.dump([parts(html, {"elements": [], "comments": [], "raw": [], "text": []}) for html in documents], sys.stdout)
