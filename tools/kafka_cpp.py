"""Writes the C++ of the messages: one header per definition, one source per family.

Not for reading the schema: see kafka_schema.py. What the output calls is src/kafka/wire.h and codec.h.
"""

import re

from kafka_schema import DOMAINS, SCALARS, Range

NOTICE = "// Generated from {} by tools/gen_kafka.py; not to be edited.\n"
INT_MIN = {"int32": (-2**31, "INT32_MIN"), "int64": (-2**63, "INT64_MIN")}


def value_type(f, scope=""):
    return scope + f.struct.name if f.struct else f.domain or SCALARS[f.type][0]


def member_type(f, scope=""):
    inner = value_type(f, scope)
    if f.array:
        inner = f"std::span<{inner}>"
    return f"std::optional<{inner}>" if f.nullable else inner


def number(f):
    """The default of a numeric field as a C++ literal."""
    value = int(f.default or "0", 0)
    if INT_MIN.get(f.type, (None,))[0] == value:
        return INT_MIN[f.type][1]
    return str(value)


def initializer(f, scope):
    """What follows the member's name in its declaration."""
    if f.default == "null" or (f.type == "string" and not f.nullable and not f.array and not f.default):
        return ""
    if f.nullable:
        return f" = {member_type(f, scope)[len('std::optional<'):-1]}()"
    if f.array or f.struct or f.type in ("bytes", "records", "uuid"):
        return ""
    if f.type == "string":
        return f' = "{f.default}"'
    if f.type == "bool":
        return f" = {f.default or 'false'}"
    if f.type == "float64":
        return f" = {f.default or '0'}"
    return f"{{{number(f)}}}" if f.domain else f" = {number(f)}"


def differs(f, scope):
    """An expression that is true when the field is not at its default. Structs of the message are in `scope`."""
    it = f"in.{f.name}"
    if f.default == "null":
        return f"{it}.has_value()"
    empty = "empty()"
    if f.struct and not f.array:
        made = f"{value_type(f, scope)}()"
        return f"!({it} && *{it} == {made})" if f.nullable else f"!({it} == {made})"
    if f.array or f.size is None:
        return f"(!{it} || !{it}->{empty})" if f.nullable else f"!{it}.{empty}"
    if f.type == "bool":
        return f"!{it}" if f.default == "true" else it
    if f.type == "uuid":
        return f"!({it} == {value_type(f)}())"
    if f.domain:
        return f"{it} != {f.domain}{{{number(f)}}}"
    return f"{it} != {number(f)}"


def within(versions, of):
    """The condition for version `v` to be in `versions`, given that it is in `of`; '' when it always is."""
    parts = []
    if versions.low > of.low:
        parts.append(f"v >= {versions.low}")
    if versions.high < of.high:
        parts.append(f"v <= {versions.high}")
    return " && ".join(parts)


def wrap(text, indent, width=100):
    prefix, lines, line = " " * indent + "/// ", [], ""
    for word in text.split():
        if line and len(prefix) + len(line) + 1 + len(word) > width:
            lines.append(prefix + line)
            line = ""
        line = f"{line} {word}".strip()
    return "".join(f"{each}\n" for each in lines + [prefix + line]) if text else ""


class StructCode:
    """The functions of one struct."""

    def __init__(self, message, struct):
        self.message, self.struct = message, struct
        self.name = f"{message.name}::{struct.name}" if struct.name else message.name
        self.scope = f"{message.name}::"
        self.versions = struct.versions
        low, high = message.flexible(self.versions.low), message.flexible(self.versions.high)
        self.flexible = "true" if low else f"v >= {message.flexible_from}" if high else "false"
        self.lines = []

    def put(self, text, depth=1):
        self.lines.append("  " * depth + text)

    def nullable_now(self, f):
        """Whether null is allowed, as an argument; nothing for members that have no null."""
        if not f.nullable:
            return ""
        return ", " + (within(f.nullable, f.versions & self.versions) or "true")

    def element_bytes(self, f):
        versions = f.versions & self.versions
        return min(f.struct.bytes_min(v, self.message.flexible(v)) for v in range(versions.low, versions.high + 1))

    def head(self, signature):
        """Opens a function; declares `flexible` if its body, which is added later, uses it."""
        self.lines.append(f"static {signature} {{".replace("static [[gnu::cold]]", "[[gnu::cold]] static"))

    def close(self, start):
        if self.flexible != "false" and any(re.search(r"\bflexible\b", line) for line in self.lines[start:]):
            const = "constexpr" if self.flexible == "true" else "const"
            self.lines.insert(start, f"  {const} bool flexible = {self.flexible};")
        elif self.flexible == "false":
            self.lines[start:] = [re.sub(r"\bflexible\b", "false", line) for line in self.lines[start:]]
        used = "\n".join(self.lines[start:])
        for name in ("v", "arena"):
            if not re.search(rf"\b{name}\b", used):
                self.lines[start - 1] = re.sub(rf"(int16_t|Arena&) {name}\b", r"\1", self.lines[start - 1])
        self.lines += ["}", ""]

    # read

    def read_call(self, f):
        it, flexible = f"out.{f.name}", "false" if f.classic else "flexible"
        null = self.nullable_now(f)
        if f.struct and f.array:
            return f"read_array(r, v, arena, {it}, {flexible}{null}, {self.element_bytes(f)})"
        if f.struct:
            return f"{'read_nullable' if f.nullable else 'read'}(r, v, arena, {it})"
        if f.array:
            return f"r.read_array({it}, arena, {flexible}{null})"
        if f.size is None:
            return f"r.read_{f.type}({it}, {flexible}{null})"
        return f"r.read({it})"

    def read(self):
        self.head(f"bool read(Reader& r, int16_t v, Arena& arena, {self.name}& out)")
        start = len(self.lines)
        for f in self.struct.fields:
            if f.tag is None:
                condition = within(f.versions, self.versions)
                call = f'!{self.read_call(f)}) return r.at("{f.name}");'
                self.put(f"if ({condition} && {call}" if condition else f"if ({call}")
        if self.flexible != "false":
            self.read_tags()
        self.put("return true;")
        if not self.struct.fields and self.flexible == "false":
            self.lines[start - 1] = self.lines[start - 1].replace("Reader& r", "Reader&")
        if not any(re.search(r"\bout\b", line) for line in self.lines[start:]):
            self.lines[start - 1] = self.lines[start - 1].replace("& out)", "&)")
        self.close(start)

    def read_tags(self):
        tagged = self.struct.tagged()
        guard = "if (flexible)" if self.flexible != "true" else ""
        if not tagged:
            self.put("if (flexible && !r.skip_tags()) return false;" if guard else "if (!r.skip_tags()) return false;")
            return
        self.put(f"{guard} {{".strip())
        self.put("Reader::Tags tags(r);", 2)
        self.put("while (tags.next()) {", 2)
        self.put("switch (tags.tag()) {", 3)
        for f in tagged:
            self.put(f"case {f.tag}:", 4)
            condition = within(f.versions, Range(max(self.versions.low, self.message.flexible_from), self.versions.high))
            if condition:
                self.put(f"if (!({condition})) {{ tags.skip(); break; }}", 5)
            self.put(f'if (!{self.read_call(f)}) return r.at("{f.name}");', 5)
            self.put("break;", 5)
        self.put("default: tags.skip();", 4)
        self.put("}", 3)
        self.put("}", 2)
        self.put("if (!tags.ok()) return false;", 2)
        self.put("}")

    # write

    def write_call(self, f):
        """The call, and whether it can fail."""
        it, flexible = f"in.{f.name}", "false" if f.classic else "flexible"
        null = self.nullable_now(f)
        if f.struct and f.array:
            return f"write_array(w, v, {it}, {flexible}{null})", True
        if f.struct:
            return f"{'write_nullable' if f.nullable else 'write'}(w, v, {it})", True
        if f.array:
            return f"w.write_array({it}, {flexible}{null})", True
        if f.size is None:
            return f"w.write_{f.type}({it}, {flexible}{null})", True
        return f"w.write({it})", False

    def put_write(self, f, depth):
        call, fails = self.write_call(f)
        self.put(f'if (!{call}) return w.at("{f.name}");' if fails else f"{call};", depth)

    def write(self):
        self.head(f"bool write(Writer& w, int16_t v, const {self.name}& in)")
        start = len(self.lines)
        for f in self.struct.fields:
            condition = within(f.versions, self.versions)
            lost = differs(f, self.scope) if condition and not f.ignorable else None
            lacks = f'return w.lacks("{f.name}");'
            if f.tag is not None:
                if lost:
                    self.put(f"if (!({condition}) && {lost}) {lacks}")
            elif not condition:
                self.put_write(f, 1)
            else:
                self.put(f"if ({condition}) {{")
                self.put_write(f, 2)
                self.put("}" + (f" else if ({lost}) {lacks}" if lost else ""))
        if self.flexible != "false":
            self.write_tags()
        self.put("return true;")
        if not self.struct.fields and self.flexible == "false":
            self.lines[start - 1] = self.lines[start - 1].replace("Writer& w", "Writer&")
        if not any(re.search(r"\bin\b", line) for line in self.lines[start:]):
            self.lines[start - 1] = self.lines[start - 1].replace("& in)", "&)")
        self.close(start)

    def write_tags(self):
        tagged = self.struct.tagged()
        guard = "if (flexible) " if self.flexible != "true" else ""
        if not tagged:
            self.put(f"{guard}w.write_uvarint(0);")
            return
        self.put(f"{guard}{{")
        flexible = Range(max(self.versions.low, self.message.flexible_from), self.versions.high)
        for f in tagged:
            condition = within(f.versions, flexible)
            self.put(f"const bool has_{f.name} = {condition + ' && ' if condition else ''}{differs(f, self.scope)};", 2)
        self.put("w.write_uvarint(" + " + ".join(f"uint32_t{{has_{f.name}}}" for f in tagged) + ");", 2)
        for f in tagged:
            self.put(f"if (has_{f.name}) {{", 2)
            self.put(f"const size_t opened = w.open_tag({f.tag});", 3)
            self.put_write(f, 3)
            self.put("w.close_tag(opened);", 3)
            self.put("}", 2)
        self.put("}")

    # dump, equality

    def dump(self):
        self.head(f"[[gnu::cold]] void dump(Dumper& d, int16_t v, const {self.name}& in)")
        start = len(self.lines)
        self.put("d.open('{');")
        for f in self.struct.fields:
            condition = within(f.versions, self.versions)
            call = (f'dump_field(d, v, "{f.name}", in.{f.name});' if f.struct
                    else f'd.field("{f.name}", in.{f.name});')
            self.put(f"if ({condition}) {call}" if condition else call)
        self.put("d.close('}');")
        if not self.struct.fields:
            self.lines[start - 1] = self.lines[start - 1].replace("& in)", "&)")
        self.close(start)

    def equality(self):
        same = " &&\n         ".join(f"same(a.{f.name}, b.{f.name})" for f in self.struct.fields)
        names = "a", "b"
        if not same:
            same, names = "true", ("", "")
        self.lines += [f"bool operator==(const {self.name}& {names[0]}, const {self.name}& {names[1]}) {{".replace("& ,", "&,").replace("& )", "&)"),
                       f"  return {same};", "}", ""]

    def text(self):
        self.equality()
        self.read()
        self.write()
        self.dump()
        return "\n".join(self.lines)


def arena_check(message):
    """Arrays take their elements' room in the arena; kArenaBytesPerByte bounds it per byte of input."""
    least = {}
    for struct in [message.body] + message.structs:
        for f in struct.fields:
            if f.array and f.struct:
                bytes_min = StructCode(message, struct).element_bytes(f)
                least[f.type] = min(bytes_min, least.get(f.type, bytes_min))
    return "".join(f"static_assert(sizeof({message.name}::{name}) <= {bytes_min} * kArenaBytesPerByte);\n"
                   for name, bytes_min in least.items())


def member_comment(f, versions):
    notes = [] if f.versions.covers(versions) else [f"v{f.versions}"]
    notes += [f"tag {f.tag}"] if f.tag is not None else []
    notes += [f"null in v{f.nullable}"] if f.nullable and not f.nullable.covers(f.versions & versions) else []
    note = ", ".join(notes)
    return f"{note}: {f.text}" if note and f.text else note or f.text


def struct_members(struct, indent, scope=""):
    out, pad = "", " " * indent
    for f in struct.fields:
        comment = member_comment(f, struct.versions)
        line = f"{pad}{member_type(f, scope)} {f.name}{initializer(f, scope)};"
        if comment and len(line) + len(comment) + 7 <= 100:
            out += f"{line}  ///< {comment}\n"
        else:
            out += wrap(comment, indent) + line + "\n"
    return out


def hoisted(message):
    """Structs that may be null, and what they contain: std::optional wants them complete, with their defaults, before
    the message that has them begins. They are defined in front of it and named in it."""
    found = []

    def take(struct):
        if struct not in found:
            found.append(struct)
            for f in struct.fields:
                if f.struct:
                    take(f.struct)

    for struct in [message.body] + message.structs:
        for f in struct.fields:
            if f.struct and f.nullable and not f.array:
                take(f.struct)
    return found


def struct_definition(struct, indent, scope=""):
    pad, name = " " * indent, scope + struct.name
    return (f"{pad}struct {name} {{\n" + struct_members(struct, indent + 2, scope) +
            f"{pad}  friend bool operator==(const {name}&, const {name}&);\n{pad}}};\n\n")


def message_header(message):
    facts = [f'std::string_view kName = "{message.name}"']
    if message.number is not None:
        facts.append(f"int16_t {'kKey' if message.kind in ('request', 'response') else 'kRecordType'} = {message.number}")
    facts += [f"int16_t kVersionMin = {message.versions.low}", f"int16_t kVersionMax = {message.versions.high}",
              f"int16_t kFlexibleFrom = {message.flexible_from if message.flexible_from is not None else 'INT16_MAX'}"]
    outside = hoisted(message)
    out = "".join(struct_definition(s, 0, message.name) for s in message.structs if s in outside)
    out += wrap(message.text, 0) + f"struct {message.name} {{\n"
    out += "".join(f"  static constexpr {fact};\n" for fact in facts) + "\n"
    for struct in message.structs:
        if struct in outside:
            out += f"  using {struct.name} = {message.name}{struct.name};\n\n"
        else:
            out += struct_definition(struct, 2)
    out += struct_members(message.body, 2) + ("\n" if message.body.fields else "")
    out += (f"  static Result<{message.name}> decode(Reader& reader, int16_t version, Arena& arena);\n"
            "  Result<> encode(Writer& writer, int16_t version) const;\n"
            "  void dump(std::string& out, int16_t version) const;\n"
            f"  friend bool operator==(const {message.name}&, const {message.name}&);\n}};\n")
    return out


def header(definitions):
    bodies = "\n".join(message_header(m) for d in definitions for m in d.messages)
    includes = ["optional"] * ("std::optional" in bodies) + ["span"] * ("std::span" in bodies) + ["string", "string_view"]
    return (NOTICE.format(definitions[0].source) + "#pragma once\n\n#include <cstdint>\n" +
            "".join(f"#include <{name}>\n" for name in includes) +
            '\n#include "kafka/wire.h"\n\nnamespace millrace::kafka {\n\n' + bodies + "\n}  // namespace millrace::kafka\n")


def source(family, definitions):
    out = NOTICE.format("schema/kafka") + f"// Family {family}.\n"
    out += "".join(f'#include "{path}.h"\n' for path in sorted({d.path for d in definitions}))
    out += '\n#include "kafka/codec.h"\n\nnamespace millrace::kafka {\n'
    for message in (m for d in definitions for m in d.messages):
        out += f"\n// {message.name}\n\n" + arena_check(message)
        for struct in message.structs + [message.body]:
            out += StructCode(message, struct).text() + "\n"
        out += (f"Result<{message.name}> {message.name}::decode(Reader& reader, int16_t v, Arena& arena) {{\n"
                f"  return decode_message<{message.name}>(reader, v, arena);\n}}\n"
                f"Result<> {message.name}::encode(Writer& writer, int16_t v) const {{\n"
                "  return encode_message(writer, v, *this);\n}\n"
                f"void {message.name}::dump(std::string& out, int16_t v) const {{\n"
                "  dump_message(out, v, *this);\n}\n")
    return out + "\n}  // namespace millrace::kafka\n"


def rows(definitions):
    """kafka/messages/all.def: a row per API and per message, for tables that list them all."""
    out = NOTICE.format("schema/kafka")
    out += ("// MILLRACE_API(key, Name, version_min, version_max, version_max_stable, flexible_from, listeners)\n"
            "// MILLRACE_MESSAGE(Name)\n#ifndef MILLRACE_API\n#define MILLRACE_API(...)\n#endif\n"
            "#ifndef MILLRACE_MESSAGE\n#define MILLRACE_MESSAGE(...)\n#endif\n\n")
    for d in definitions:
        if d.kind == "api":
            stable = d.versions.high if d.unstable is None else d.unstable - 1
            flexible = "INT16_MAX" if d.flexible_from is None else d.flexible_from
            listeners = " | ".join(f"k{name.capitalize()}Listener" for name in d.listeners)
            out += f"MILLRACE_API({d.number}, {d.name}, {d.versions.low}, {d.versions.high}, {stable}, {flexible}, {listeners})\n"
    out += "\n" + "".join(f"MILLRACE_MESSAGE({m.name})\n" for d in definitions for m in d.messages)
    return out + "\n#undef MILLRACE_API\n#undef MILLRACE_MESSAGE\n"


def shapes(definitions):
    """kafka/messages/shapes.def: the schema as rows, so that a test can write messages without the generated code."""
    out = NOTICE.format("schema/kafka")
    out += ("// MILLRACE_SHAPE(message, version_min, version_max, flexible_from), then its fields, the inner below the outer:\n"
            "// MILLRACE_FIELD(depth, name, type, array, low, high, null_low, null_high, tag, default, classic)\n"
            "// From 1 to 0 is no version; tag -1 is none; the default is an integer, or kNullDefault.\n\n")

    def put(fields, depth, message):
        nonlocal out
        for f in fields:
            high = min(f.versions.high, message.versions.high)
            null = f"{f.nullable.low}, {f.nullable.high}" if f.nullable else "1, 0"
            default = ("kNullDefault" if f.default == "null" else str(int(f.default == "true")) if f.type == "bool"
                       else number(f) if f.size and f.type not in ("uuid", "float64") else "0")
            out += (f'MILLRACE_FIELD({depth}, "{f.name}", k{"Struct" if f.struct else f.type.capitalize()}, '
                    f"{str(f.array).lower()}, {f.versions.low}, {high}, {null}, "
                    f"{-1 if f.tag is None else f.tag}, {default}, {str(f.classic).lower()})\n")
            if f.struct:
                put(f.struct.fields, depth + 1, message)

    for message in (m for d in definitions for m in d.messages):
        out += (f"MILLRACE_SHAPE({message.name}, {message.versions.low}, {message.versions.high}, "
                f"{'INT16_MAX' if message.flexible_from is None else message.flexible_from})\n")
        put(message.body.fields, 0, message)
    return out
