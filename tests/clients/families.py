"""The client families: what each needs on the machine, how its program is made ready, and how it is called.

Everything fetched or built lies under `build/clients/` and is made again only when what it is made from has changed.
"""

import dataclasses
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "clients"
JARS = BUILD / "java" / "libs"
PREPARE_LIMIT_S = 300  # for one step: a download, a compiler's run
RDKAFKA = pathlib.Path("/usr/include/librdkafka/rdkafka.h")
LOG_CONFIG = HERE / "java" / "log4j2.xml"


class Missing(Exception):
    """A toolchain that this machine does not have."""


class PrepareFailed(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Family:
    name: str
    needs: tuple      # executables, each with the Debian package that brings it
    prepare: object   # makes it ready and returns the command to which --bootstrap and --scenarios are added
    version: object   # what is tested, for the table

    def ready(self):
        _require(self.needs)
        return self.prepare()


def _require(tools):
    for tool, package in tools:
        if not shutil.which(tool):
            raise Missing(f"{tool} is not installed (Debian package {package})")


def _run(*command, cwd=HERE, **options):
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PREPARE_LIMIT_S, **options)
    except subprocess.TimeoutExpired:
        raise PrepareFailed(f"{' '.join(map(str, command))} still ran after {PREPARE_LIMIT_S} s") from None
    if done.returncode:
        raise PrepareFailed(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout.strip()}")
    return done.stdout


def _unchanged(made, *sources):
    """Whether `made` stems from these very sources; if not, it is removed and the caller makes it, then calls `_note`."""
    stamp = made.with_name(made.name + ".stamp")
    if made.exists() and stamp.exists() and stamp.read_text() == _digest(sources):
        return True
    if made.is_dir():
        shutil.rmtree(made)
    made.unlink(missing_ok=True)
    return False


def _note(made, *sources):
    made.with_name(made.name + ".stamp").write_text(_digest(sources))


def _digest(sources):
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


# kcat and librdkafka: Debian's packages, nothing to fetch.

def _kcat():
    return [sys.executable, HERE / "kcat" / "scenarios.py"]


def _kcat_version():
    said = _run("kcat", "-V")
    return "{} (librdkafka {})".format(*re.search(r"Version (\S+).*librdkafka (\S+)", said).groups())


def _librdkafka():
    if not RDKAFKA.exists():
        raise Missing(f"{RDKAFKA} is not installed (Debian package librdkafka-dev)")
    program = BUILD / "librdkafka" / "scenarios"
    sources = sorted((HERE / "librdkafka").iterdir())
    if not _unchanged(program, *sources):
        program.parent.mkdir(parents=True, exist_ok=True)
        _run("c++", "-std=c++20", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror", "-pthread",
             "-o", program, *(source for source in sources if source.suffix == ".cc"), "-lrdkafka")
        _note(program, *sources)
    return [program]


def _librdkafka_version():
    number = int(re.search(r"#define RD_KAFKA_VERSION (0x[0-9a-f]+)", RDKAFKA.read_text())[1], 16)
    return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8))


# Java: one folder of jars for the client, the tools and the broker that `--against kafka` starts.

def jars():
    _require(JAVA)
    pom = HERE / "java" / "pom.xml"
    if not _unchanged(JARS, pom):
        _run("mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime",
             f"-DoutputDirectory={JARS}")
        _note(JARS, pom)
    return JARS


def java_program(main):
    """The command of one of the programs in java/."""
    def prepare():
        classes = BUILD / "java" / "classes"
        sources = sorted((HERE / "java").glob("*.java"))
        path = f"{jars()}/*"
        if not _unchanged(classes, *sources):
            _run("javac", "-Xlint:all,-processing,-try", "-Werror", "-cp", path, "-d", classes, *sources)
            _note(classes, *sources)
        return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={LOG_CONFIG}",
                "-cp", f"{classes}:{path}", main]
    return prepare


def _java_version():
    return re.search(r"<kafka.version>(.*)</kafka.version>", (HERE / "java" / "pom.xml").read_text())[1]


# Python: one virtual environment for both clients.

def python():
    environment = BUILD / "python"
    pins = [HERE / client / "requirements.txt" for client in ("confluent-kafka", "kafka-python")]
    program = environment / "bin" / "python"
    if not _unchanged(environment, *pins):
        _run(sys.executable, "-m", "venv", environment)
        _run(program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             *(part for pin in pins for part in ("-r", pin)))
        _note(environment, *pins)
    return program


def _python(name):
    return lambda: [python(), HERE / name / "scenarios.py"]


def _python_version(name):
    return lambda: re.search(rf"^{name}(?:\[.*\])?==(\S+)", (HERE / name / "requirements.txt").read_text(), re.M)[1]


# Go: a module each; Go's own build cache knows what has changed.

def _go(name):
    def prepare():
        program = BUILD / name
        _run("go", "build", "-mod=readonly", "-o", program, ".", cwd=HERE / name)
        return [program]
    return prepare


def _go_version(name, module):
    return lambda: re.search(rf"{module} v(\S+)", (HERE / name / "go.mod").read_text())[1]


# Node: the packages go beside a copy of the program, because Node looks for them there.

def _kafkajs():
    folder = BUILD / "kafkajs"
    packages = folder / "node_modules"
    pins = [HERE / "kafkajs" / name for name in ("package.json", "package-lock.json", ".npmrc")]
    folder.mkdir(parents=True, exist_ok=True)
    if not _unchanged(packages, *pins):
        for pin in pins:
            shutil.copy(pin, folder)
        _run("npm", "ci", "--silent", cwd=folder)
        _note(packages, *pins)
    for source in (HERE / "kafkajs").glob("*.mjs"):
        shutil.copy(source, folder)
    return ["node", folder / "scenarios.mjs"]


def _kafkajs_version():
    return json.loads((HERE / "kafkajs" / "package.json").read_text())["dependencies"]["kafkajs"]


CXX = ("c++", "g++")
JAVA = (("java", "openjdk-17-jre-headless"), ("javac", "openjdk-17-jdk-headless"), ("mvn", "maven"))
GO = (("go", "golang-go, 1.25 or newer"),)

FAMILIES = (
    Family("kcat", (("kcat", "kcat"),), _kcat, _kcat_version),
    Family("librdkafka", (CXX,), _librdkafka, _librdkafka_version),
    Family("java", JAVA, java_program("Client"), _java_version),
    Family("java-tools", JAVA, java_program("Tools"), _java_version),
    Family("confluent-kafka", (), _python("confluent-kafka"), _python_version("confluent-kafka")),
    Family("kafka-python", (), _python("kafka-python"), _python_version("kafka-python")),
    Family("franz-go", GO, _go("franz-go"), _go_version("franz-go", "github.com/twmb/franz-go")),
    Family("sarama", GO, _go("sarama"), _go_version("sarama", "github.com/IBM/sarama")),
    Family("kafkajs", (("node", "nodejs"), ("npm", "npm")), _kafkajs, _kafkajs_version),
)
