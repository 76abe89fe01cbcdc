"""Reads schema/kafka/**/*.msg into plain objects. The language is described in schema/kafka/README.md.

Not for output: see kafka_cpp.py (C++), kafka_docs.py (documents, JSON).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

NEWEST = 0x7FFF  # the upper end of an open range such as 12+

# type: (C++ type, bytes on the wire or None when the size varies)
SCALARS = {
    "bool": ("bool", 1), "int8": ("int8_t", 1), "int16": ("int16_t", 2), "uint16": ("uint16_t", 2),
    "int32": ("int32_t", 4), "uint32": ("uint32_t", 4), "int64": ("int64_t", 8), "float64": ("double", 8),
    "uuid": ("Uuid", 16), "string": ("std::string_view", None), "bytes": ("Bytes", None), "records": ("Records", None),
}
# domain type of base/ids.h or base/time.h: the wire type it stands for
DOMAINS = {
    "Offset": "int64", "Timestamp": "int64", "ProducerId": "int64", "ProducerEpoch": "int16", "TopicId": "uuid",
    "BrokerId": "int32", "PartitionIndex": "int32", "LeaderEpoch": "int32", "GenerationId": "int32",
}
LISTENERS = ("broker", "controller")
# Names that a struct of a message must not hide from the C++ around it.
TAKEN = {"Result", "Reader", "Writer", "Arena", "Uuid", "Bytes", "Records", *DOMAINS}


class SchemaError(Exception):
    """A mistake in a .msg file; the text begins with file and line."""


@dataclass(frozen=True)
class Range:
    """Versions from low to high, both included."""
    low: int
    high: int

    @staticmethod
    def parse(text):
        low, plus, high = re.fullmatch(r"(\d+)(\+|-(\d+))?", text).groups()
        return Range(int(low), NEWEST if plus == "+" else int(high or low))

    def __and__(self, other):
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Range(low, high) if low <= high else None

    def hull(self, other):
        return Range(min(self.low, other.low), max(self.high, other.high)) if other else self

    def covers(self, other):
        return self.low <= other.low and other.high <= self.high

    def __str__(self):
        if self.high == NEWEST:
            return f"{self.low}+"
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


@dataclass
class Field:
    name: str
    type: str                  # a key of SCALARS, or the name of a struct of the message
    array: bool
    versions: Range
    nullable: Range | None     # None: never null
    default: str | None        # as written after '='; None: zero, empty
    tag: int | None
    ignorable: bool
    classic: bool              # never compact, even in flexible versions
    domain: str | None
    text: str
    where: str
    struct: "Struct | None" = None

    @property
    def size(self):
        """Bytes on the wire of one element, or None when it varies."""
        return None if self.struct else SCALARS[self.type][1]


@dataclass
class Struct:
    name: str                              # "" for the message itself
    fields: list = field(default_factory=list)
    versions: Range | None = None          # in which versions of the message it can occur

    def tagged(self):
        return sorted((f for f in self.fields if f.tag is not None), key=lambda f: f.tag)

    def bytes_min(self, version, flexible):
        """The fewest bytes one such struct takes on the wire."""
        total = 1 if flexible else 0
        for f in self.fields:
            if f.tag is None and f.versions.covers(Range(version, version)):
                if f.array or f.size is None and not f.struct:
                    total += 1 if flexible and not f.classic else 2 if f.type == "string" and not f.array else 4
                elif f.struct:
                    total += 1 if f.nullable else f.struct.bytes_min(version, flexible)
                else:
                    total += f.size
        return total


@dataclass
class Message:
    name: str                 # FetchRequest
    kind: str                 # request, response, key, value, fields
    number: int | None        # API key or record type
    versions: Range
    flexible_from: int | None
    body: Struct
    structs: list             # nested structs, the inner before the outer
    text: str

    def flexible(self, version):
        return self.flexible_from is not None and version >= self.flexible_from


@dataclass
class Definition:
    """One block of a file: an API with its request and response, or a record."""
    kind: str                 # api, record, message
    name: str
    number: int | None
    family: str
    text: str
    path: str                 # as in #include, without suffix: kafka/messages/fetch
    source: str               # the file it was read from
    versions: Range | None = None
    unstable: int | None = None
    flexible_from: int | None = None
    listeners: tuple = ()
    messages: list = field(default_factory=list)


FIELD = re.compile(r"(?P<name>[a-z][a-z0-9_]*)\s+(?P<array>\[\])?(?P<type>[A-Za-z][A-Za-z0-9]*)"
                   r"(?P<null>\?(\d+(\+|-\d+)?)?)?(?P<rest>(\s.*)?)$")
ATTRIBUTES = re.compile(r"\s+(?:(?P<versions>\d+(?:\+|-\d+)?)|= (?P<default>\S+)|tag (?P<tag>\d+)|as (?P<domain>\w+)"
                        r"|(?P<word>ignorable|classic))(?=\s|$)")


class Parser:
    def __init__(self, path, root):
        self.path, self.name = path, str(path.relative_to(root.parent.parent))
        self.relative = path.relative_to(root)
        self.definitions, self.line = [], 0

    def fail(self, why):
        raise SchemaError(f"{self.name}:{self.line}: {why}")

    def range(self, text):
        if not re.fullmatch(r"\d+(\+|-\d+)?", text):
            self.fail(f"{text} are no versions: 3, 0-3 or 3+")
        return Range.parse(text)

    def parse(self):
        section = None
        for self.line, raw in enumerate(self.path.read_text().splitlines(), 1):
            if not raw.strip() or raw.startswith("#"):
                continue
            indent, text = len(raw) - len(raw.lstrip()), raw.strip()
            if indent == 0 and text.split()[0] in ("api", "record", "message"):
                self.begin_definition(text)
                section = None
            elif indent == 0:
                section = self.begin_section(text)
            elif section is None:
                definition = self.definitions[-1]
                definition.text = f"{definition.text} {text}".strip()
            else:
                self.add_line(section, indent, text)
        for definition in self.definitions:
            if not definition.text:
                self.fail(f"{definition.name} has no sentence")
            for message in definition.messages:
                finish(message)
        return self.definitions

    def begin_definition(self, text):
        found = re.fullmatch(r"(api|record) (\d+) (\w+)(.*)|(message) (\w+)(.*)", text)
        if not found:
            self.fail("wanted: api KEY Name, record TYPE Name or message Name")
        kind, number, name, rest = found.groups()[:4] if found[1] else (found[5], None, found[6], found[7])
        stem = re.sub(r"^\d\d_", "", self.path.stem)
        folder = self.relative.parent
        out = f"kafka/messages/{stem}" if kind == "api" or folder == Path(".") else f"kafka/{folder}/{stem}"
        definition = Definition(kind, name, None if number is None else int(number), folder.name, "", out, self.name)
        self.attributes(definition, rest)
        self.definitions.append(definition)

    def attributes(self, target, rest):
        """versions R, flexible N+ or never, unstable N, type N, family F, listeners L..."""
        words = rest.split()
        while words:
            word = words.pop(0)
            if word == "listeners":
                target.listeners = tuple(words)
                if not words or set(words) - set(LISTENERS):
                    self.fail(f"listeners are {' and '.join(LISTENERS)}")
                return
            if not words:
                self.fail(f"{word} wants a value")
            value = words.pop(0)
            if word == "versions":
                target.versions = self.range(value)
            elif word == "flexible":
                target.flexible_from = None if value == "never" else self.range(value).low
            elif word == "unstable":
                target.unstable = self.range(value).low
            elif word == "type":
                target.number = self.range(value).low
            elif word == "family":
                target.family = value
            else:
                self.fail(f"unknown attribute {word}")

    def begin_section(self, text):
        kind, rest = (text.split(None, 1) + [""])[:2]
        if not self.definitions or kind not in ("request", "response", "key", "value", "fields"):
            self.fail(f"wanted a section (request, response, key, value, fields), not {kind}")
        owner = self.definitions[-1]
        suffix = "" if kind == "fields" else kind.capitalize()
        text = {"response": f"The answer to {owner.name}Request.", "key": f"The key of {owner.name}Value."}
        message = Message(owner.name + suffix, kind, owner.number, owner.versions, owner.flexible_from,
                          Struct(""), [], text.get(kind, owner.text))
        self.attributes(message, rest)
        if message.versions is None:
            self.fail("no versions are given")
        owner.messages.append(message)
        return {"message": message, "stack": [(0, message.body)], "last": None}

    def add_line(self, section, indent, text):
        if text.startswith(";"):
            if section["last"] is None:
                self.fail("a sentence without a field")
            section["last"].text = f"{section['last'].text} {text[1:].strip()}".strip()
            return
        stack, last = section["stack"], section["last"]
        if last is not None and indent > section["indent"]:
            if not last.struct or last.struct.fields:
                self.fail(f"fields below {last.name}, which is no struct defined here")
            stack.append((section["indent"], last.struct))
        while indent <= stack[-1][0]:
            stack.pop()
        section["last"], section["indent"] = self.parse_field(section["message"], text), indent
        stack[-1][1].fields.append(section["last"])

    def parse_field(self, message, text):
        declaration, _, sentence = text.partition(";")
        found = FIELD.match(declaration.rstrip())
        if not found:
            self.fail(f"wanted: name type [versions] [attributes] [; sentence], got {text!r}")
        values, at, rest = {"words": set()}, 0, found["rest"]
        while rest[at:].strip():
            part = ATTRIBUTES.match(rest, at)
            if not part:
                self.fail(f"not understood: {rest[at:].strip()!r}")
            key, value = next((k, v) for k, v in part.groupdict().items() if v is not None)
            if key == "word":
                values["words"].add(value)
            elif key in values:
                self.fail(f"{key} is given twice")
            else:
                values[key] = value
            at = part.end()
        versions = (Range.parse(values["versions"]) if "versions" in values else Range(0, NEWEST))
        null = found["null"]
        nullable = None if null is None else versions if null == "?" else Range.parse(null[1:])
        domain = values.get("domain")
        if domain and DOMAINS.get(domain) != found["type"]:
            self.fail(f"{domain} is no domain of {found['type']}")
        made = Field(found["name"], found["type"], found["array"] is not None, versions, nullable,
                     values.get("default"), int(values["tag"]) if "tag" in values else None,
                     "ignorable" in values["words"], "classic" in values["words"], domain, sentence.strip(),
                     f"{self.name}:{self.line}")
        if made.type not in SCALARS:
            if made.type[0].islower() or made.type in TAKEN:
                self.fail(f"unknown type {made.type}")
            made.struct = next((s for s in message.structs if s.name == made.type), None)
            if made.struct is None:
                made.struct = Struct(made.type)
                message.structs.append(made.struct)
        return made


def finish(message):
    """Clips version ranges, orders the structs and checks what spans lines."""
    ordered = []

    def visit(struct, versions):
        struct.versions = versions.hull(struct.versions)
        for f in struct.fields:
            f.nullable = f.nullable and f.nullable & f.versions & message.versions
            present = f.versions & versions
            if present is None:
                raise SchemaError(f"{f.where}: {f.name} is in no version of what it belongs to")
            if f.tag is not None and not message.flexible(f.versions.low) and not message.flexible(versions.low):
                raise SchemaError(f"{f.where}: {f.name} is tagged in a version that has no tags")
            if f.tag is not None and f.type == "records":
                raise SchemaError(f"{f.where}: records cannot be tagged")
            if f.default not in (None, "null", "true") and not re.fullmatch(r"-?(\d+|0x[0-9a-f]+)", f.default):
                raise SchemaError(f"{f.where}: {f.default} is no default: a number, null or true")
            if f.default == "null" and f.nullable is None:
                raise SchemaError(f"{f.where}: {f.name} is null by default and never nullable")
            if f.struct:
                if not f.struct.fields:
                    raise SchemaError(f"{f.where}: {f.type} has no fields")
                visit(f.struct, present)
        names, tags = [f.name for f in struct.fields], [f.tag for f in struct.tagged()]
        if len(set(names)) < len(names) or tags != list(range(len(tags))):
            raise SchemaError(f"{struct.fields[0].where}: names must differ and tags count from 0")
        if struct not in ordered and struct is not message.body:
            ordered.append(struct)

    visit(message.body, message.versions)
    message.structs = ordered


def load(root):
    """Every definition under `root`: the APIs by key, then the records by folder and number."""
    definitions = [d for path in sorted(root.rglob("*.msg")) for d in Parser(path, root).parse()]
    definitions.sort(key=lambda d: (d.kind != "api", "" if d.kind == "api" else d.path.rsplit("/", 1)[0],
                                    -1 if d.number is None else d.number))
    seen = {}
    for definition in definitions:
        for message in definition.messages:
            if message.name in seen:
                raise SchemaError(f"{definition.source}: {message.name} is also in {seen[message.name]}")
            seen[message.name] = definition.source
    return definitions
