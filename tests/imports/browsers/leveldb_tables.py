"""Tables and logs of LevelDB, changed so that their checksums are right again."""

from pathlib import Path

_POLYNOMIAL = 0x82F63B78
_TABLE = []
for _byte in range(256):
    _rest = _byte
    for _ in range(8):
        _rest = _rest >> 1 ^ (_POLYNOMIAL if _rest & 1 else 0)
    _TABLE.append(_rest)
_FOOTER_BYTES = 48
_SNAPPY = 1


def masked_checksum(data: bytes) -> bytes:
    """CRC-32C in the form in which LevelDB stores it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF).to_bytes(4, "little")


def declare_block_size(table: Path, declared: bytes) -> None:
    """Replaces the first block of a table by one that begins with this snappy length. The block
    has to be longer than what replaces it; its place and size in the index stay."""
    data = table.read_bytes()
    size = _first_block_size(data)
    block = declared + data[len(declared) : size] + bytes([_SNAPPY])
    table.write_bytes(block + masked_checksum(block) + data[size + 5 :])


def _first_block_size(data: bytes) -> int:
    """Bytes of the first block, without its kind and checksum: the index has it in its first
    entry, uncompressed here, as `offset, size`."""
    footer = data[-_FOOTER_BYTES:]
    _, at = _varint(footer, 0)
    _, at = _varint(footer, at)
    offset, at = _varint(footer, at)
    length, at = _varint(footer, at)
    index = data[offset : offset + length]
    if data[offset + length] == _SNAPPY:
        import cramjam  # noqa: PLC0415 - rarely needed

        index = bytes(cramjam.snappy.decompress_raw(index))
    _shared, at = _varint(index, 0)
    unshared, at = _varint(index, at)
    _value, at = _varint(index, at)
    block_offset, at = _varint(index, at + unshared)
    assert block_offset == 0
    return _varint(index, at)[0]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number, and where the next one begins."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
