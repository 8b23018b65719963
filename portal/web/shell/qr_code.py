"""An address as a QR code. The server draws it: no style inside, and no script."""

import segno


def qr_svg(address: str) -> str:
    """An `<svg>` of the address, black on white in any theme, since cameras look for that."""
    code = segno.make(address, micro=False, error="m")
    return code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
