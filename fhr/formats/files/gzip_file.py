"""Content of gzip files, of bounded size."""

import zlib

from fhr.errors import FormatError

from .regular_file import reason

__all__ = ["beginning", "unpacked"]


def unpacked(raw: bytes, *, limit: int, where: str) -> bytes:
    """Content of a gzip file, of at most `limit` bytes.

    Raises:
        FormatError: one that is damaged, cut short, or unpacks to more.
    """
    content, left = bytearray(), raw
    try:
        while left:
            stream = zlib.decompressobj(wbits=31)
            content += stream.decompress(left, limit + 1 - len(content))
            if len(content) > limit:
                raise FormatError(f"{where}: it unpacks to more than {limit} bytes; split it")
            if not stream.eof:
                raise ValueError("it ends early")
            left = stream.unused_data.lstrip(b"\0")
    except (zlib.error, ValueError) as error:
        raise FormatError(
            f"{where}: no whole gzip file ({reason(error)}); copy it again from where it is whole"
        ) from None
    return bytes(content)


def beginning(raw: bytes, most: int) -> bytes:
    """Beginning of the content of a gzip file of which the first bytes are given; empty for another file."""
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, most)
    except zlib.error:
        return b""
