"""Why a request has more than one reading: one class, one stable code each."""

from __future__ import annotations

from gateway.refusals import Refused


class Ambiguous(Refused):
    """Two parties could read this request differently, so nobody gets to (HTTP 400)."""

    code = "ambiguous"


class BadMethod(Ambiguous):
    """Not an upper-case method name, or one that turns the connection into something else."""

    code = "bad_method"


class BadScheme(Ambiguous):
    """Neither http nor https."""

    code = "bad_scheme"


class BadHost(Ambiguous):
    """Not exactly one plain host name or address with an optional port."""

    code = "bad_host"


class BadHeader(Ambiguous):
    """A header name that is no token, or a value with line breaks or NUL (RFC 9110, 5.5)."""

    code = "bad_header"


class DuplicateHeader(Ambiguous):
    """A header of which there can be only one came twice; readers disagree which counts."""

    code = "duplicate_header"


class NotAbsolutePath(Ambiguous):
    """The target does not begin with a slash."""

    code = "not_absolute_path"


class PathTooLong(Ambiguous):
    """Longer than 8 KiB: the common front servers would cut or refuse it."""

    code = "path_too_long"


class QueryTooLong(Ambiguous):
    """Longer than 8 KiB."""

    code = "query_too_long"


class QueryCharacter(Ambiguous):
    """A control character, a space, a `#` or a byte beyond ASCII in the query."""

    code = "query_character"


class BadPercent(Ambiguous):
    """A percent sign without two hexadecimal digits after it."""

    code = "bad_percent"


class DoubleEncoding(Ambiguous):
    """Decoded once, the path can be decoded again."""

    code = "double_encoding"


class EmptySegment(Ambiguous):
    """Two slashes in a row: some servers merge them, some do not."""

    code = "empty_segment"


class DotSegment(Ambiguous):
    """`.` or `..`, however written."""

    code = "dot_segment"


class TrailingDotOrSpace(Ambiguous):
    """A segment that begins with a space or ends with a dot or space, which Windows drops."""

    code = "trailing_dot_or_space"


class MatrixParameter(Ambiguous):
    """A semicolon, raw or encoded: Java servers cut the segment there."""

    code = "matrix_parameter"


class EncodedSlash(Ambiguous):
    """`%2f` or a look-alike: one segment here, two segments there."""

    code = "encoded_slash"


class EncodedNul(Ambiguous):
    """`%00`: the path ends there for programs written in C."""

    code = "encoded_nul"


class Backslash(Ambiguous):
    """A backslash, raw, encoded or a look-alike: Windows reads a slash."""

    code = "backslash"


class ControlCharacter(Ambiguous):
    """A control, invisible or direction-changing character, raw or encoded."""

    code = "control_character"


class Fragment(Ambiguous):
    """`#`, raw or encoded: browsers never send it, and some servers cut the path there."""

    code = "fragment"


class IllegalCharacter(Ambiguous):
    """A character that may not stand raw in a path (RFC 3986, 3.3)."""

    code = "illegal_character"


class OverlongUtf8(Ambiguous):
    """A character hidden in more bytes than it needs (RFC 3629, 3)."""

    code = "overlong_utf8"


class NotUtf8(Ambiguous):
    """Bytes that are not UTF-8."""

    code = "not_utf8"
