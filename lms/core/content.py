"""Reading content files: texts, YAML that keeps its lines, models, and every problem by path and line at once.

Problems speak Chinese only: they are read by the people who write the files, on a terminal or the trainers' page.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

Key = tuple[str, ...]


@dataclass(frozen=True)
class SourceFile:
    """A text file; ``path`` is posix and relative to the content root."""

    path: str
    text: str


@dataclass(frozen=True, order=True)
class Problem:
    """Something to mend in a file. A warning does not keep the file from being used."""

    path: str
    line: int
    text: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class Problems:
    """Collects problems; iterating gives them by path and line, each once."""

    def __init__(self) -> None:
        self._found: set[Problem] = set()

    def add(self, path: str, line: int, text: str, *, is_warning: bool = False) -> None:
        """Note a problem. ``line`` counts from 1."""
        self._found.add(Problem(path, line, text, is_warning))

    def __iter__(self) -> Iterator[Problem]:
        return iter(sorted(self._found))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def errors(self) -> list[Problem]:
        """What keeps files from being used."""
        return [problem for problem in self if not problem.is_warning]

    @property
    def warnings(self) -> list[Problem]:
        """What should be looked at."""
        return [problem for problem in self if problem.is_warning]

    def spoil(self, paths: Iterable[str]) -> bool:
        """Whether any of the files has an error."""
        wanted = set(paths)
        return any(problem.path in wanted and not problem.is_warning for problem in self._found)


def read_files(root: Path, patterns: Iterable[str], problems: Problems) -> list[SourceFile]:
    """Return the files below ``root`` that match any of the glob patterns, by path.

    Line ends become ``\\n`` and a byte-order mark goes, so that the same words give the same digest wherever
    they were typed. A file that is not UTF-8 text is a problem and left out.
    """
    files: list[SourceFile] = []
    for path in sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()}):
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            problems.add(name, line, "不是 UTF-8 编码，请另存为 UTF-8")
            continue
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if (at := text.find("\0")) >= 0:
            problems.add(name, text.count("\n", 0, at) + 1, "混进了空字符，请删掉")
            continue
        files.append(SourceFile(name, text))
    return files


# --- YAML --------------------------------------------------------------------------------------------------


class Document:
    """A YAML value together with the line of every key and list entry in it."""

    def __init__(self, value: Any, lines: Mapping[Key, int]) -> None:
        self.value = value
        self.lines = lines

    def line(self, *where: object) -> int:
        """Return the line of a place such as ``("items", 3, "stem")``, or of the nearest thing round it."""
        key = tuple(str(part) for part in where)
        while key not in self.lines:
            key = key[:-1]
        return self.lines[key]


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast
_MAPPING, _TEXT, _TRUTH = (f"tag:yaml.org,2002:{name}" for name in ("map", "str", "bool"))


class _Builder:
    """Turns YAML nodes into values. Constructors beyond plain data do not exist here."""

    def __init__(self, path: str, first_line: int, problems: Problems) -> None:
        self.path = path
        self.first_line = first_line
        self.problems = problems
        self.lines: dict[Key, int] = {}
        self.seen: set[int] = set()
        self.scalars = yaml.constructor.SafeConstructor()

    def line_of(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + self.first_line

    def build(self, node: yaml.Node, where: Key) -> Any:
        self.lines.setdefault(where, self.line_of(node))
        if id(node) in self.seen:  # an alias: short to write, endless to unfold
            self.problems.add(self.path, self.line_of(node), "不用 & 和 *，把内容再写一遍")
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(entry, (*where, str(number))) for number, entry in enumerate(node.value)]
        return self.scalar(node)

    def mapping(self, node: yaml.MappingNode, where: Key) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = self.line_of(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.add(self.path, line, "键要写成一个词")
                continue
            # YAML 1.1 takes the words on, no and y for yes or no; as the name of a key they are words.
            key = key_node.value if key_node.tag == _TRUTH else self.scalar(key_node)
            if str(key) in {str(other) for other in values}:
                self.problems.add(self.path, line, f"重复的键 {key}")
                continue
            place = (*where, str(key))
            self.lines[place] = line
            values[key] = self.build(value_node, place)
        return values

    def scalar(self, node: yaml.Node) -> Any:
        if node.tag == _TEXT:
            return node.value
        if node.tag == _TRUTH and node.value not in {"true", "false"}:
            self.problems.add(self.path, self.line_of(node), f"是非要写 true 或 false，不写 {node.value}")
        try:
            return self.scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self.problems.add(self.path, self.line_of(node), f"读不懂 {node.value}")
            return None


def read_yaml(source: SourceFile, problems: Problems, *, first_line: int = 1) -> Document | None:
    """Return the YAML of a text with its lines; None, and a problem, when it cannot be read at all.

    Keys written twice, aliases, and yes/no in place of true/false are problems. ``first_line``: the line in the
    file at which the text begins (front matter).
    """
    loader = _Loader(source.text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(source.path, (mark.line if mark else 0) + first_line, f"YAML 写法不对：{error.problem}")
        return None
    except yaml.YAMLError as error:
        problems.add(source.path, first_line, f"YAML 写法不对：{str(error).splitlines()[0]}")
        return None
    finally:
        loader.dispose()
    if node is None:
        problems.add(source.path, first_line, "文件是空的")
        return None
    builder = _Builder(source.path, first_line, problems)
    try:
        value = builder.build(node, ())
    except RecursionError:
        problems.add(source.path, first_line, "层次太深，读不了")
        return None
    return Document(value, builder.lines)


# --- models ------------------------------------------------------------------------------------------------


class Strict(BaseModel):
    """The base of all models of content files: no unknown key, no change, no guessing of kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Model = TypeVar("Model", bound=BaseModel)

_WORDS: Mapping[str, str] = {
    "string_type": "要写文字",
    "int_type": "要写整数",
    "int_parsing": "要写整数",
    "int_from_float": "要写整数",
    "float_type": "要写数字",
    "decimal_type": "要写数字",
    "bool_type": "要写 true 或 false",
    "date_type": "日期要写成 2026-11-24 这样",
    "date_parsing": "日期要写成 2026-11-24 这样",
    "date_from_datetime_parsing": "日期要写成 2026-11-24 这样",
    "date_from_datetime_inexact": "日期要写成 2026-11-24 这样",
    "list_type": "要写成一条一条的列表",
    "tuple_type": "要写成一条一条的列表",
    "frozen_set_type": "要写成一条一条的列表",
    "set_type": "要写成一条一条的列表",
    "dict_type": "要写成“键: 值”的样子",
    "model_type": "要写成“键: 值”的样子",
    "model_attributes_type": "要写成“键: 值”的样子",
}


def _sentence(error: ErrorDetails) -> str:
    """Return the words for one of pydantic's errors; its own when there are none here."""
    kind, values = error["type"], error.get("ctx", {})
    if kind in _WORDS:
        return _WORDS[kind]
    match kind:
        case "enum" | "literal_error":
            return f"只能写 {str(values['expected']).replace(' or ', '、').replace(', ', '、')}"
        case "string_too_short" | "too_short":
            least = values.get("min_length", 1)
            return "不能空着" if least == 1 else f"至少要 {least}"
        case "string_too_long" | "too_long":
            return f"最多 {values.get('max_length')}"
        case "string_pattern_mismatch":
            return f"写法不对，要像 {values['pattern']}"
        case "greater_than_equal":
            return f"不能小于 {values['ge']}"
        case "greater_than":
            return f"要大于 {values['gt']}"
        case "less_than_equal":
            return f"不能大于 {values['le']}"
        case "value_error":
            return str(values["error"])
    return error["msg"]


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a content file")


def model_of(path: str, document: Document, model: type[Model], problems: Problems) -> Model | None:
    """Return the document as a model; None when anything is wrong, each fault a problem with its line."""
    try:
        # As JSON, since strict pydantic then takes lists for tuples and texts for enums, but never "3" for 3.
        return model.model_validate_json(json.dumps(document.value, default=_plain))
    except ValidationError as error:
        for each in error.errors():
            where = each["loc"]
            name = ".".join(str(part) for part in where if part != "[key]")
            line = document.line(*where)
            if each["type"] == "missing":
                problems.add(path, line, f"缺 {where[-1]}")
            elif each["type"] == "extra_forbidden":
                problems.add(path, line, f"不认识的键 {where[-1]}")
            else:
                problems.add(path, line, f"{name}：{_sentence(each)}" if name else _sentence(each))
    return None


def parse_model(source: SourceFile, model: type[Model], problems: Problems, *, first_line: int = 1) -> Model | None:
    """Return a YAML text as a model (see ``Strict``); None, and all problems at once, when it does not fit."""
    document = read_yaml(source, problems, first_line=first_line)
    return None if document is None else model_of(source.path, document, model, problems)


def warn_untranslated(path: str, document: Document, thing: object, problems: Problems, where: Key = ()) -> None:
    """Add a warning for every text of a model that has a field ``…_en`` beside it which is empty."""
    if isinstance(thing, BaseModel):
        values = dict(thing)
        for name, value in values.items():
            if value and values.get(f"{name}_en") == "":
                problems.add(path, document.line(*where, name), f"{name} 没有英文", is_warning=True)
            warn_untranslated(path, document, value, problems, (*where, name))
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            warn_untranslated(path, document, value, problems, (*where, str(key)))
    elif isinstance(thing, tuple | list):
        for at, value in enumerate(thing):
            warn_untranslated(path, document, value, problems, (*where, str(at)))


# --- Markdown ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """A Markdown file in its two halves; each knows the line of the file at which it begins."""

    head: SourceFile
    head_line: int
    body: str
    body_line: int


def split_front_matter(source: SourceFile, problems: Problems) -> Page | None:
    """Return the YAML between the two ``---`` lines at the top and the text below; None and a problem without."""
    match = re.match(r"---[ \t]*\n(.*?\n)---[ \t]*(?:\n|$)", source.text, re.DOTALL)
    if match is None:
        problems.add(source.path, 1, "文件开头要有文件头：--- 一行，内容，再 --- 一行")
        return None
    return Page(
        head=SourceFile(source.path, match.group(1)),
        head_line=2,
        body=source.text[match.end() :],
        body_line=source.text.count("\n", 0, match.end()) + 1,
    )


def duplicates(values: Sequence[str]) -> list[int]:
    """Return the positions of values that stood before."""
    return [at for at, value in enumerate(values) if value in values[:at]]
