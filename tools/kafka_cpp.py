"""Writes the C++ of the messages: one header per definition, one source per family.

Not for reading the schema: see kafka_schema.py. What the output calls is src/kafka/wire.h and message_codec.h.
"""

from kafka_schema import SCALARS, Range

NOTICE = "// Generated from {} by tools/gen_kafka.py; not to be edited.\n"


# Types and defaults

def value_type(f, scope=""):
    return scope + f.struct.name if f.struct else f.domain or SCALARS[f.type][0]


def inner_type(f, scope=""):
    """The member's type when it is not null."""
    return f"std::span<{value_type(f, scope)}>" if f.array else value_type(f, scope)


def member_type(f, scope=""):
    return f"std::optional<{inner_type(f, scope)}>" if f.nullable else inner_type(f, scope)


def is_number(f):
    return not f.array and not f.struct and f.type in SCALARS and f.size is not None and f.type != "uuid"


def number(f):
    """The default of a numeric field as a C++ literal."""
    if f.type == "bool":
        return f.default or "false"
    value = int(f.default or "0", 0)
    return {-2**31: "INT32_MIN", -2**63: "INT64_MIN"}.get(value, str(value))


def initializer(f, scope):
    """What follows the member's name in its declaration."""
    if is_number(f):
        return f"{{{number(f)}}}" if f.domain else f" = {number(f)}"
    return f" = {inner_type(f, scope)}()" if f.nullable and f.default != "null" else ""


def differs(f, scope):
    """An expression that is true when the field is not at its default. Structs of the message are in `scope`."""
    it = f"in.{f.name}"
    if f.default == "null":
        return f"{it}.has_value()"
    if f.type == "bool" and not f.array:
        return f"!{it}" if f.default == "true" else it
    if is_number(f):
        return f"{it} != {f.domain}{{{number(f)}}}" if f.domain else f"{it} != {number(f)}"
    if f.array or not f.struct and f.size is None:
        return f"(!{it} || !{it}->empty())" if f.nullable else f"!{it}.empty()"
    made = f"{value_type(f, scope)}()"
    return f"!({it} && *{it} == {made})" if f.nullable else f"!({it} == {made})"


def within(versions, of):
    """The condition for version `v` to be in `versions`, given that it is in `of`; '' when it always is."""
    return " && ".join([f"v >= {versions.low}"] * (versions.low > of.low) + [f"v <= {versions.high}"] * (versions.high < of.high))


# One struct: equality, read, write, dump

class StructCode:
    def __init__(self, message, struct):
        self.message, self.struct, self.versions = message, struct, struct.versions
        self.scope = f"{message.name}::"
        self.name = self.scope + struct.name if struct.name else message.name
        self.tagged = None                       # the versions that have tagged fields
        if message.flexible_from is not None:
            self.tagged = Range(message.flexible_from, self.versions.high) & self.versions

    def condition(self, f):
        return within(f.versions, self.versions)

    def function(self, signature, who, body):
        """`who` is the Reader, Writer or Dumper, which knows the version."""
        if any("v >=" in line or "v <=" in line for line in body):
            body = [f"const int16_t v = {who}.version();"] + body
        return "\n".join([f"{signature} {{"] + [f"  {line}" for line in body] + ["}", ""])

    def nullable(self, f):
        """The argument that says whether null is allowed, where that is not always so."""
        condition = within(f.nullable, f.versions & self.versions) if f.nullable else ""
        return f", {condition}" if condition else ""

    def read_call(self, f):
        it = f"out.{f.name}"
        if f.struct and f.array:
            return f"read_structs(r, {it}, {bytes_min(self.message, f, self.versions)}{self.nullable(f)})"
        if f.struct:
            return f"read{'_struct' if f.nullable else ''}(r, {it})"
        return f"r.read{'_classic' if f.classic else ''}({it}{self.nullable(f)})"

    def read(self):
        body = []
        for f in self.struct.fields:
            if f.tag is None:
                condition = self.condition(f)
                body.append(f"if ({condition + ' && ' if condition else ''}!{self.read_call(f)}) return r.at(\"{f.name}\");")
        if self.tagged:
            body += self.read_tags()
        out = "out" if self.struct.fields else ""
        return self.function(f"static bool read(Reader& r, {self.name}& {out})".replace(" )", ")"), "r", body + ["return true;"])

    def read_tags(self):
        guard = "" if self.tagged == self.versions else "r.flexible()"
        if not self.struct.tagged():
            return [f"if ({guard + ' && ' if guard else ''}!r.skip_tags()) return false;"]
        body = [f"if ({guard}) {{" if guard else "{", "  Reader::Tags tags(r);", "  while (tags.next()) {", "    switch (tags.tag()) {"]
        for f in self.struct.tagged():
            condition = within(f.versions, self.tagged)
            body.append(f"      case {f.tag}:")
            if condition:
                body.append(f"        if (!({condition})) {{ tags.skip(); break; }}")
            body += [f"        if (!{self.read_call(f)}) return r.at(\"{f.name}\");", "        break;"]
        return body + ["      default: tags.skip();", "    }", "  }", "  if (!tags.ok()) return false;", "}"]

    def write_statement(self, f):
        it = f"in.{f.name}"
        if is_number(f) or f.type == "uuid" and not f.array:
            return f"w.write({it});"
        call = f"w.write{'_classic' if f.classic else ''}({it}{self.nullable(f)})"
        if f.struct:
            call = f"write{'_structs' if f.array else ''}(w, {it}{self.nullable(f)})"
            if f.nullable and not f.array:
                call = f"write_struct(w, {it}, {str(f.tag is not None).lower()})"
        return f"if (!{call}) return w.at(\"{f.name}\");"

    def write(self):
        body = []
        for f in self.struct.fields:
            condition, lacks = self.condition(f), f'return w.lacks("{f.name}");'
            lost = differs(f, self.scope) if condition and not f.ignorable else None
            if f.tag is not None:
                body += [f"if (!({condition}) && {lost}) {lacks}"] if lost else []
            elif condition:
                body += [f"if ({condition}) {{", f"  {self.write_statement(f)}", f"}} else if ({lost}) {lacks}" if lost else "}"]
            else:
                body.append(self.write_statement(f))
        if self.tagged:
            body += self.write_tags()
        into = "in" if self.struct.fields else ""
        return self.function(f"static bool write(Writer& w, const {self.name}& {into})".replace(" )", ")"), "w", body + ["return true;"])

    def write_tags(self):
        guard = "" if self.tagged == self.versions else "if (w.flexible()) "
        tagged = self.struct.tagged()
        if not tagged:
            return [f"{guard}w.write_uvarint(0);"]
        body = [f"{guard}{{"]
        for f in tagged:
            condition = within(f.versions, self.tagged)
            body.append(f"  const bool has_{f.name} = {condition + ' && ' if condition else ''}{differs(f, self.scope)};")
        body.append("  w.write_uvarint(" + " + ".join(f"uint32_t{{has_{f.name}}}" for f in tagged) + ");")
        for f in tagged:
            body += [f"  if (has_{f.name}) {{", f"    const size_t opened = w.open_tag({f.tag});",
                     f"    {self.write_statement(f)}", "    w.close_tag(opened);", "  }"]
        return body + ["}"]

    def dump(self):
        body = ["d.open('{');"]
        for f in self.struct.fields:
            condition = self.condition(f)
            call = f'dump_field(d, "{f.name}", in.{f.name});' if f.struct else f'd.field("{f.name}", in.{f.name});'
            body.append(f"if ({condition}) {call}" if condition else call)
        into = "in" if self.struct.fields else ""
        return self.function(f"[[gnu::cold]] static void dump(Dumper& d, const {self.name}& {into})".replace(" )", ")"), "d",
                             body + ["d.close('}');"])

    def equality(self):
        same = " &&\n      ".join(f"same(a.{f.name}, b.{f.name})" for f in self.struct.fields) or "true"
        a, b = (" a", " b") if self.struct.fields else ("", "")
        return f"bool operator==(const {self.name}&{a}, const {self.name}&{b}) {{\n  return {same};\n}}\n"

    def text(self):
        return "\n".join([self.equality(), self.read(), self.write(), self.dump()])


def bytes_min(message, f, versions):
    """The fewest bytes an element of an array of structs takes, in any version."""
    present = f.versions & versions
    return min(f.struct.bytes_min(v, message.flexible(v)) for v in range(present.low, present.high + 1))


def arena_check(message):
    """Elements of arrays take room in the arena; kArenaBytesPerByte bounds how much per byte of input."""
    least = {}
    for struct in [message.body] + message.structs:
        for f in struct.fields:
            if f.array and f.struct:
                least.setdefault(f.type, []).append(bytes_min(message, f, struct.versions))
    return "".join(f"static_assert(sizeof({message.name}::{name}) <= {min(sizes)} * kArenaBytesPerByte);\n"
                   for name, sizes in least.items())


def source(family, definitions):
    out = NOTICE.format("schema/kafka") + f"// Family {family}.\n"
    out += "".join(f'#include "{path}.h"\n' for path in sorted({d.path for d in definitions}))
    out += '\n#include "kafka/message_codec.h"\n\nnamespace millrace::kafka {\n'
    for m in (m for d in definitions for m in d.messages):
        out += f"\n// {m.name}\n\n{arena_check(m)}"
        out += "".join(StructCode(m, struct).text() + "\n" for struct in m.structs + [m.body])
        out += (f"Result<{m.name}> {m.name}::decode(Reader& r, int16_t v, Arena& arena) {{ return decode_message<{m.name}>(r, v, arena); }}\n"
                f"Result<> {m.name}::encode(Writer& w, int16_t v) const {{ return encode_message(w, v, *this); }}\n"
                f"void {m.name}::dump(std::string& out, int16_t v) const {{ dump_message(out, v, *this); }}\n")
    return out + "\n}  // namespace millrace::kafka\n"


# Headers

def wrap(text, indent, width=100):
    prefix, lines, line = " " * indent + "/// ", [], ""
    for word in text.split():
        if line and len(prefix) + len(line) + 1 + len(word) > width:
            lines.append(prefix + line)
            line = ""
        line = f"{line} {word}".strip()
    return "".join(f"{each}\n" for each in lines + [prefix + line]) if text else ""


def member_comment(f, versions):
    notes = [] if f.versions.covers(versions) else [f"v{f.versions}"]
    notes += [f"tag {f.tag}"] if f.tag is not None else []
    notes += [f"null in v{f.nullable}"] if f.nullable and not f.nullable.covers(f.versions & versions) else []
    return ": ".join(part for part in (", ".join(notes), f.text) if part)


def struct_members(struct, indent, scope=""):
    out = ""
    for f in struct.fields:
        comment = member_comment(f, struct.versions)
        line = f"{' ' * indent}{member_type(f, scope)} {f.name}{initializer(f, scope)};"
        if comment and len(line) + len(comment) + 7 <= 100:
            out += f"{line}  ///< {comment}\n"
        else:
            out += wrap(comment, indent) + line + "\n"
    return out


def struct_definition(struct, indent, scope=""):
    pad, name = " " * indent, scope + struct.name
    return (f"{pad}struct {name} {{\n" + struct_members(struct, indent + 2, scope) +
            f"{pad}  friend bool operator==(const {name}&, const {name}&);\n{pad}}};\n\n")


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
        out += f"  using {struct.name} = {message.name}{struct.name};\n\n" if struct in outside else struct_definition(struct, 2)
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
            '\n#include "kafka/reader.h"\n#include "kafka/writer.h"\n\nnamespace millrace::kafka {\n\n' + bodies + "\n}  // namespace millrace::kafka\n")


# Tables

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
        lines = ""
        for f in fields:
            null = f"{f.nullable.low}, {f.nullable.high}" if f.nullable else "1, 0"
            default = "kNullDefault" if f.default == "null" else number(f) if is_number(f) else "0"
            lines += (f'MILLRACE_FIELD({depth}, "{f.name}", k{"Struct" if f.struct else f.type.capitalize()}, '
                      f"{str(f.array).lower()}, {f.versions.low}, {f.versions.high}, {null}, "
                      f"{-1 if f.tag is None else f.tag}, {default}, {str(f.classic).lower()})\n")
            lines += put(f.struct.fields, depth + 1, message) if f.struct else ""
        return lines

    for message in (m for d in definitions for m in d.messages):
        out += (f"MILLRACE_SHAPE({message.name}, {message.versions.low}, {message.versions.high}, "
                f"{'INT16_MAX' if message.flexible_from is None else message.flexible_from})\n")
        out += put(message.body.fields, 0, message)
    return out
