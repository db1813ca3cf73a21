"""Pickles of checkpoints: the opcodes and globals that one may hold, checked without running it.

`torch.load(weights_only=True)` keeps the code of a pickle from running. It does not bound what a small file may ask
for: it calls `bytearray(3 * 10**9)` where a file says so, and copies one dictionary as often as it is told to.
"""

from pickletools import genops
from typing import Any

from fhr.errors import CheckpointError
from fhr.formats.files.regular_file import shown

__all__ = ["check_pickle"]

_TENSOR, _ORDERED = "torch._utils _rebuild_tensor_v2", "collections OrderedDict"
_VALUES = {
    *("BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "NONE", "NEWTRUE", "NEWFALSE"),
    *("EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE"),
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_CALLS = {(_TENSOR, "TUPLE"), (_ORDERED, "EMPTY_TUPLE")}  # with arguments, OrderedDict would be a copy


class _Item:
    """What is known of a value on the stack: the opcode that made it, or the global that it is, and its length."""

    __slots__ = ("kind", "n")

    def __init__(self, kind: str = "") -> None:
        self.kind, self.n = kind, 0


def check_pickle(data: bytes, where: str) -> None:
    """Refuse a pickle with anything but dictionaries, lists, tuples, text, numbers and tensors.

    The stack of the unpickler is followed, so that it is known what is called, and how much is copied.

    Args:
        data: the pickle, as `torch.save` writes it (protocol 2).
        where: the file, for messages.

    Raises:
        CheckpointError: another global, opcode or call.
        ValueError, LookupError: no pickle, or a broken one.
    """
    stack: list[_Item] = []
    marks: list[int] = []
    memo: dict[int, _Item] = {}
    copied = 0
    argument: Any  # text or a number, by the opcode
    for opcode, argument, _ in genops(data):
        name = opcode.name
        if name in _VALUES:
            stack.append(_Item(name))
        elif name == "GLOBAL":
            if not _is_needed(argument):
                raise CheckpointError(
                    f"{where}: it names {shown(argument.replace(' ', '.'))}, which no checkpoint of this package does; "
                    "nothing was run, do not use this file"
                )
            stack.append(_Item(argument))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):  # a call takes arguments of its own
            stack.append(_Item() if memo[argument].kind == "TUPLE" else memo[argument])
        elif name == "MARK":
            marks.append(len(stack))
        elif name in _TUPLES:
            _take(stack, _TUPLES[name])
            stack.append(_Item(name))
        elif name == "TUPLE":
            _take(stack, len(stack) - marks.pop())
            stack.append(_Item(name))
        elif name in ("SETITEMS", "APPENDS"):
            n = len(stack) - marks.pop()
            _take(stack, n)
            stack[-1].n += n
        elif name in ("SETITEM", "APPEND"):
            _take(stack, 2 if name == "SETITEM" else 1)
            stack[-1].n += 1
        elif name == "BINPERSID":
            stack[-1] = _Item()
        elif name == "REDUCE":
            arguments, called = stack.pop(), stack.pop()
            if (called.kind, arguments.kind) not in _CALLS:
                raise _foreign(where, "a call")
            stack.append(_Item())
        elif name == "BUILD":
            copied += stack.pop().n
            if copied > len(data):
                raise _foreign(where, "copies without end")
        elif name not in ("PROTO", "STOP"):
            raise _foreign(where, f"the opcode {name}")


def _take(stack: list[_Item], n: int) -> None:
    if n > len(stack):
        raise ValueError("more is taken from the stack than there is")
    del stack[len(stack) - n :]


def _foreign(where: str, what: str) -> CheckpointError:
    return CheckpointError(f"{where}: it holds {what} that no checkpoint of this package does; do not use this file")


def _is_needed(name: str) -> bool:
    module, _, kind = name.partition(" ")
    return name in (_TENSOR, _ORDERED) or (module == "torch" and kind.isalnum() and kind.endswith("Storage"))
