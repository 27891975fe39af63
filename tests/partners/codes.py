"""Reads what we make by others' software.

`codes.py read`: a list of SVG images in, the texts of the QR codes in them out (cairosvg draws, zxing-cpp reads), each
with its version and level of error correction. `codes.py bill`: the fields of a QR-bill in, its payload out (qrbill).
`codes.py references`: a list of references in, those that python-stdnum holds to be right out. JSON both ways.
"""

import io
import json
import sys


def read(images):
    import cairosvg
    import zxingcpp
    from PIL import Image

    found = []
    for image in images:
        drawn = Image.open(io.BytesIO(cairosvg.svg2png(image.encode(), output_width=720))).convert("RGBA")
        # As it is on a screen: what an image leaves open is whatever lies behind, here dark.
        page = Image.new("RGB", drawn.size, "black")
        page.paste(drawn, mask=drawn.getchannel("A"))
        codes = zxingcpp.read_barcodes(page)
        found.append([[code.text, code.ec_level] for code in codes])
    return found


def bill(fields):
    from qrbill import QRBill

    return QRBill(**fields).qr_data()


def references(texts):
    from stdnum import iso11649
    from stdnum.ch import esr

    return [text for text in texts if iso11649.is_valid(text) or (len(text) == 27 and esr.is_valid(text))]


print(json.dumps({"read": read, "bill": bill, "references": references}[sys.argv[1]](json.load(sys.stdin))))
