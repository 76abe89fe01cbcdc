"""Shows the messages: docs/protocol.md, one definition for a reader, and everything as JSON for tests."""

import json

from kafka_schema import NEWEST

CHAPTERS = {
    "data": "Records", "discovery": "Cluster, connections, telemetry", "group": "Groups", "transaction": "Transactions",
    "topic": "Topics and configs", "security": "Security and quotas", "cluster": "Controllers and brokers", "share": "Share groups",
}
FOLDERS = {
    "metadata": "`__cluster_metadata`", "group": "`__consumer_offsets`", "transaction": "`__transaction_state`",
    "share": "`__share_group_state`", "control": "Control records", "embedded": "Messages inside bytes fields",
    "disk": "Files", "tiered": "`__remote_log_metadata`",
}


def flexible(definition_or_message):
    first = definition_or_message.flexible_from
    return "never" if first is None else f"{first}+"


def field_type(f):
    null = "" if not f.nullable else "?" if f.nullable.covers(f.versions) else f"?{f.nullable}"
    return f"{'[]' if f.array else ''}{f.type}{null}"


def notes(f, message):
    """Everything about a field that is not its name or type, as short words."""
    out = [] if f.versions.covers(message.versions) else [str(f.versions)]
    out += [f"= {f.default}"] if f.default else []
    out += [f"tag {f.tag}"] if f.tag is not None else []
    out += ["ignorable"] * f.ignorable + ["classic"] * f.classic + ([f"as {f.domain}"] if f.domain else [])
    return out


def rows(message):
    """(depth, field) in the order of the wire; a struct that was shown before is not shown again."""
    seen, out = set(), []

    def walk(fields, depth):
        for f in fields:
            out.append((depth, f))
            if f.struct and f.struct.name not in seen:
                seen.add(f.struct.name)
                walk(f.struct.fields, depth + 1)

    walk(message.body.fields, 0)
    return out


def show(definitions, name):
    found = [d for d in definitions for m in d.messages if name.lower() in (d.name.lower(), m.name.lower())]
    if not found:
        return None
    d = found[0]
    number = {"api": f"API {d.number}, ", "record": f"record {d.number}, "}.get(d.kind, "")
    lines = [f"{d.name}  ({number}{d.source})", f"  {d.text}"]
    for message in d.messages:
        if d.name.lower() != name.lower() and message.name.lower() != name.lower():
            continue
        lines += ["", f"{message.name}  versions {message.versions}, flexible {flexible(message)}"]
        table = [("  " * (depth + 1) + f.name, field_type(f), " ".join(notes(f, message)), f.text)
                 for depth, f in rows(message)]
        widths = [max((len(row[i]) for row in table), default=0) for i in range(3)]
        lines += ["  ".join([row[i].ljust(widths[i]) for i in range(3)] + [row[3]]).rstrip() for row in table]
    return "\n".join(lines)


def as_json(definitions):
    def versions(r):
        return None if r is None else [r.low, None if r.high == NEWEST else r.high]

    def fields(items):
        return [{"name": f.name, "type": f.type, "array": f.array, "versions": versions(f.versions),
                 "nullable": versions(f.nullable), "default": f.default, "tag": f.tag, "ignorable": f.ignorable,
                 "classic": f.classic, "domain": f.domain, "fields": fields(f.struct.fields) if f.struct else None}
                for f in items]

    return json.dumps([{
        "kind": d.kind, "name": d.name, "number": d.number, "family": d.family, "unstable": d.unstable,
        "listeners": d.listeners,
        "messages": [{"name": m.name, "kind": m.kind, "number": m.number, "versions": versions(m.versions),
                      "flexible": m.flexible_from, "fields": fields(m.body.fields)} for m in d.messages],
    } for d in definitions], indent=1)


def message_doc(message):
    out = f"\n**{message.name}**"
    if not message.body.fields:
        return out + ": no fields.\n"
    out += "\n\n| field | type | | |\n| --- | --- | --- | --- |\n"
    for depth, f in rows(message):
        indent = "&nbsp;&nbsp;" * depth
        out += f"| {indent}{f.name} | `{field_type(f)}` | {', '.join(notes(f, message))} | {f.text.replace('|', chr(92) + '|')} |\n"
    return out


def chapter(title, definitions):
    out = f"\n## {title}\n"
    for d in definitions:
        number = "" if d.number is None else f"{d.number} "
        versions = "; ".join(
            dict.fromkeys(f"{'' if d.kind != 'record' else m.kind + ' '}versions {m.versions}, flexible {flexible(m)}"
                          for m in d.messages))
        out += f"\n### {number}{d.name}\n\n{d.text} ({versions})\n"
        out += "".join(message_doc(m) for m in d.messages)
    return out


def protocol(definitions):
    apis = [d for d in definitions if d.kind == "api"]
    out = ("# The protocol\n\n"
           "Generated from `schema/kafka` by `tools/gen_kafka.py --docs docs/protocol.md`; a test keeps it current. How types lie\n"
           "on the wire: `src/kafka/wire.h`. How the tables are to be read: `schema/kafka/README.md`.\n\n"
           "## APIs\n\n| key | name | versions | flexible | listeners | what for |\n| --- | --- | --- | --- | --- | --- |\n")
    for d in apis:
        unstable = f" ({d.unstable} unstable)" if d.unstable is not None else ""
        out += (f"| {d.number} | [{d.name}](#{d.number}-{d.name.lower()}) | {d.versions}{unstable} | {flexible(d)} | "
                f"{', '.join(d.listeners)} | {d.text.split('. ')[0].rstrip('.')} |\n")
    headers = [d for d in definitions if d.path == "kafka/messages/header"]
    out += chapter("Headers", headers)
    for family, title in CHAPTERS.items():
        out += chapter(title, [d for d in apis if d.family == family])
    for folder, title in FOLDERS.items():
        out += chapter(f"Records: {title}" if title[0] == "`" else title,
                       [d for d in definitions if d.path.startswith("kafka/records/") and d.family == folder])
    return out
