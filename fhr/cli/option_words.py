"""Command-line words for what rooms say of their parameters: `workers=0` is `--workers=0` to who typed an option."""

import argparse
import re
import shlex
from collections.abc import Iterator, Sequence

from fhr.errors import FHRError

from .known_settings import options_of
from .reading_options import READING

__all__ = ["ForeignWordsError", "in_option_words"]

# Not within a path, an address, a call or a quotation.
_PARAMETER = re.compile(r"(?<![\w.(`'\"/\\?&-])([a-z]\w*)=(\"[^\"]*\"|'[^']*'|\[[^\]]*\]|\([^)]*\)|[^\s;,:)`]+)")
_BARE = re.compile(r"(?<![\w.`'\"/\\?&-])(?<!\w\()([a-z]\w*)=(?=[\s;,:)]|\.?$|\.\s)")  # `give decimal= or separator=`
_WORD = re.compile(r"(?<=give )(fs|tolerance)\b|(?<=leave )(fs|tolerance)(?= out\b)|(?<=no )(fs)(?=;)")
_CALL = re.compile(r"\w\([^()]*\)")
_MAPPING = re.compile(r"(?<![\w.`'\"/\\?&-])(?<!\w\()([a-z]\w*)=\{([^{}]*)\}")
_ITEM = re.compile(r"""['"]?(\w+)['"]?: ?(?:\[([^]]*)\]|'([^']*)'|"([^"]*)"|([^,]*))""")


class ForeignWordsError(FHRError):
    """A mistake that is told in the words of another program, which knows nothing of the options of a verb."""


def in_option_words(message: str, parser: argparse.ArgumentParser, given: Sequence[str]) -> str:
    """The message with each `parameter=value` as the option that gives this parameter.

    That is one that was typed, or one of the verb, or the only setting of that name in the configuration. What the
    message repeats of the command line, such as the name of a file, stays as it was given.

    Args:
        message: of a room.
        parser: of the verb.
        given: arguments of the verb.

    Example:
        >>> parser = argparse.ArgumentParser()
        >>> _ = parser.add_argument("--workers", type=int), parser.add_argument("--overwrite", action="store_true")
        >>> in_option_words("workers=0; give 1 or more", parser, [])
        '--workers=0; give 1 or more'
        >>> _ = parser.add_argument("--columns")
        >>> in_option_words("say columns={'fhr': ['A', 'B'], 'uc': 2}", parser, [])
        'say --columns fhr=A,fhr=B,uc=2'
        >>> in_option_words("name another, or give overwrite=True; no=1", parser, ["--data.no", "1"])
        'name another, or give --overwrite; --data.no=1'
    """
    if not any(words.search(message) for words in (_PARAMETER, _MAPPING, _BARE, _WORD)):
        return message
    flags = {name for action in parser._actions if action.nargs == 0 for name in action.option_strings}
    options = options_of(parser)
    known = {_parameter(name): name for name in [*_of_configuration(given), *options, *_typed(given)]}
    known |= {name: option for name, option in READING.items() if option in options}
    spans = list(_quoted(message, given))

    def as_option(found: re.Match[str]) -> str:
        option = known.get(found[1])
        if option is None or any(start <= found.start() < end for start, end in spans):
            return found[0]
        if option == "--fs" and option not in _typed(given) and found[2][:1].isdigit():  # of a network, say
            return found[0]
        return option if option in flags and found[2] == "True" else f"{option}={found[2]}"

    def as_items(found: re.Match[str]) -> str:
        option = known.get(found[1])
        if option is None or any(start <= found.start() < end for start, end in spans):
            return found[0]
        items = ",".join(
            f"{name}={'' if one == 'None' else one}"
            for name, several, quoted, double, plain in _ITEM.findall(found[2])
            for one in ([item.strip(" '\"") for item in several.split(",")] if several else [quoted or double or plain])
        )
        return f"{option} {shlex.quote(items)}"

    def as_name(found: re.Match[str]) -> str:
        name = next(group for group in found.groups() if group)
        if name not in READING or READING[name] not in options or any(a <= found.start() < b for a, b in spans):
            return found[0]
        return READING[name]

    forms = ((_MAPPING, as_items), (_BARE, as_name), (_PARAMETER, as_option), (_WORD, as_name))
    parts, at = [], 0
    found = [(match, replaced) for pattern, replaced in forms for match in pattern.finditer(message)]
    for match, replaced in sorted(found, key=lambda one: one[0].start()):
        if match.start() >= at:  # else within another
            parts += [message[at : match.start()], replaced(match)]
            at = match.end()
    return "".join([*parts, message[at:]])


def _quoted(message: str, given: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where calls of functions stand in a message, and what it repeats of the command line."""
    yield from (call.span() for call in _CALL.finditer(message))
    texts = {argument.partition("=")[2] if argument.startswith("-") else argument for argument in given}
    for text in texts:
        if "=" in text:
            yield from (found.span() for found in re.finditer(re.escape(text), message))


def _typed(given: Sequence[str]) -> list[str]:
    return [argument.partition("=")[0] for argument in given if re.match(r"--\w", argument)]


def _of_configuration(given: Sequence[str]) -> list[str]:
    """Options of the settings whose name there is once in the configurations that were given."""
    if not any(argument.partition("=")[0] in ("-c", "--config") for argument in given):
        return []
    from .configurations import with_configuration_files
    from .given_settings import GivenSettings
    from .known_settings import settings_below

    try:
        files = GivenSettings.of(with_configuration_files(given)).files
    except FHRError:  # a generator's, which are others, or a name that is refused: told already
        return []
    names = list(dict.fromkeys(name for _, content in files for name in settings_below(content)))
    last = [_parameter(name) for name in names]
    return [name for name, parameter in zip(names, last, strict=True) if last.count(parameter) == 1]


def _parameter(option: str) -> str:
    return option.lstrip("-").rpartition(".")[2].replace("-", "_")
