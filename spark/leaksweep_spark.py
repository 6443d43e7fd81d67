"""leaksweep on Apache Spark: the report of one sweep, of evidence that one machine cannot read.

    spark-submit leaksweep_spark.py --binary ./leaksweep --parts DIR --report report.json \
        s3://bucket/logs -- --sites sites.toml

Every object is streamed into `leaksweep sweep -` on an executor, as it is; what that yields (a part,
lines of JSON) is kept as Parquet, by site. One `leaksweep merge` makes the report of all lines. The
intruders that it shows are followed by a second job, which reads only the objects that its index
names. Nothing here knows what an attack is.

The key of the case is taken from the environment variable LEAKSWEEP_CASE_SECRET, on the executors,
too; it is handed to the program through a pipe, and stands in no file, argument or part.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import heapq
import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from pyspark import SparkFiles
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

SECRET = "LEAKSWEEP_CASE_SECRET"
KIT = "leaksweep-kit.zip"
CHUNK = 1 << 20
LINES_AT_ONCE = 16
# What Spark calls the partition of an empty site.
NO_SITE = "site=__HIVE_DEFAULT_PARTITION__"
# Gaps and findings end a sweep with 1, 4 or 5; everything else means that nothing was done.
FINISHED = {0, 1, 4, 5}
LINES = "source string, site string, line string"
# Options whose value is a file: it goes to the executors under the same name.
FILES = {"--sites", "--rules", "--indicators", "--mapping", "--log-format"}


@dataclass(frozen=True)
class Job:
    """What every executor must know."""

    storage: str | None
    options: tuple[str, ...]
    # Where relative names of local files begin.
    home: str


# ---- evidence ------------------------------------------------------------------------------------


def filesystem(storage: str | None, path: str) -> tuple[pafs.FileSystem, str]:
    """The file system of a path, and the path in it. `storage` says more than a path can."""
    found, inside = pafs.FileSystem.from_uri(storage or (path if "://" in path else "file:///"))
    if storage:
        return found, path.split("://", 1)[-1]
    return found, inside if "://" in path else path


def objects(storage: str | None, roots: Iterable[str], spared: set[str]) -> Iterator[dict]:
    """Every file under the roots, with its size and time."""
    for root in roots:
        fs, path = filesystem(storage, root)
        info = fs.get_file_info(path)
        if info.type == pafs.FileType.NotFound:
            sys.exit(f"{root}: there is nothing")
        below = [info]
        if info.type == pafs.FileType.Directory:
            below = fs.get_file_info(pafs.FileSelector(path, recursive=True))
        for info in below:
            name = root.rstrip("/") + info.path[len(path.rstrip("/")) :]
            if info.type == pafs.FileType.File and name not in spared:
                yield {"name": name, "size": info.size, "written": stamp(info.mtime_ns)}


def stamp(nanoseconds: int | None) -> str:
    micros = (nanoseconds or 0) // 1000
    moment = datetime.fromtimestamp(micros // 10**6, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{micros % 10**6:06}Z"


def pack(found: list[dict], budget: int) -> list[dict]:
    """Gives every object a task: the largest first, tasks of about `budget` bytes."""
    tasks = max(1, -(-sum(row["size"] for row in found) // budget))
    heap = [(0, task) for task in range(tasks)]
    packed = []
    for row in sorted(found, key=lambda row: (-row["size"], row["name"])):
        load, task = heapq.heappop(heap)
        heapq.heappush(heap, (load + row["size"] + 1, task))
        packed.append({**row, "task": task})
    return packed


# ---- the program on an executor ------------------------------------------------------------------


def kit(binary: Path, options: list[str]) -> Path:
    """The binary, and the files that its options name, under the names that they have."""
    archive = Path(tempfile.mkdtemp()) / KIT
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.write(binary, "bin/leaksweep")
        for option, value in zip(options, options[1:]):
            if option not in FILES or (option == "--log-format" and not value.startswith("@")):
                continue
            path = Path(value.removeprefix("@"))
            if path.is_absolute() or ".." in path.parts:
                sys.exit(f"{option} {value}: name it relative to the folder that you are in")
            for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
                if file.is_file():
                    out.write(file, Path("work") / file)
    return archive


def unpacked(archive: str) -> tuple[Path, Path]:
    """Binary and working directory; unpacked once in each Python worker."""
    folder = Path(tempfile.gettempdir()) / f"leaksweep-{os.getpid()}"
    if not folder.exists():
        draft = Path(tempfile.mkdtemp())
        with zipfile.ZipFile(archive) as kit_:
            kit_.extractall(draft)
        (draft / "work").mkdir(exist_ok=True)
        (draft / "bin/leaksweep").chmod(stat.S_IRWXU)
        with contextlib.suppress(OSError):
            draft.rename(folder)
    return folder / "bin/leaksweep", folder / "work"


def inherited(content: bytes) -> int:
    """A pipe that holds a few bytes, for a child: it reads them as /dev/fd/N."""
    reading, writing = os.pipe()
    thread = threading.Thread(target=poured, args=(writing, content), daemon=True)
    thread.start()
    return reading


def poured(into: int, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(into, "wb") as pipe:
        pipe.write(content)


def secret() -> bytes:
    key = os.environ.get(SECRET, "")
    if len(key) < 16:
        raise RuntimeError(f"{SECRET} is not set, or shorter than 16 characters")
    return key.encode()


def told(arguments: list[str], fds: dict[str, bytes]) -> tuple[list[str], list[int]]:
    """Arguments with a pipe for each secret or small file."""
    pipes = {name: inherited(content) for name, content in fds.items()}
    for name, fd in pipes.items():
        arguments = [*arguments, name, f"/dev/fd/{fd}"]
    return arguments, list(pipes.values())


def run(
    archive: str, arguments: list[str], fds: dict[str, bytes], feed: Callable[[], Iterable[bytes]]
) -> Iterator[str]:
    """Runs the program; its standard output, line by line. Raises if it did not finish, or if what
    it was fed with broke off: a task that failed is done again, and never a short result."""
    binary, folder = unpacked(archive)
    arguments, pipes = told([str(binary), *arguments], fds)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEAKSWEEP_")}
    failed: list[BaseException] = []

    def pump(pipe) -> None:
        try:
            with contextlib.suppress(BrokenPipeError), pipe:
                for chunk in feed():
                    pipe.write(chunk)
        except BaseException as error:  # noqa: BLE001  raised again below
            failed.append(error)
            child.kill()

    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            arguments, cwd=folder, env=environment, pass_fds=pipes, text=False,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        for fd in pipes:
            os.close(fd)
        pumping = threading.Thread(target=pump, args=(child.stdin,), daemon=True)
        pumping.start()
        for line in child.stdout:
            yield line.decode()
        pumping.join()
        code = child.wait()
        if failed:
            raise RuntimeError(f"{arguments[1:4]}: the evidence could not be read") from failed[0]
        if code not in FINISHED:
            errors.seek(0)
            raise RuntimeError(f"leaksweep ended with {code}: {errors.read()[-2000:].decode(errors='replace')}")


def streamed(job: Job, name: str) -> Iterator[bytes]:
    """An object's bytes as they are: pyarrow would inflate `.gz` by itself."""
    fs, path = filesystem(job.storage, name)
    path = os.path.join(job.home, path) if isinstance(fs, pafs.LocalFileSystem) else path
    with fs.open_input_stream(path, compression=None, buffer_size=0) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def site_of(line: str) -> str:
    """The site that a line of a part names at its beginning."""
    begin = '{"site":'
    return json.JSONDecoder().raw_decode(line, len(begin))[0] if line.startswith(begin) else ""


def read(job: Job, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Reads the objects of a task; those with an errand for the second pass."""
    archive = SparkFiles.get(KIT)
    tasks = (json.loads(task) for batch in batches for task in batch.column(0).to_pylist())
    for row in (row for task in tasks for row in task):
        arguments = ["sweep", "-", "--stdin-name", row["name"], "--stdin-written", row["written"]]
        arguments += [*job.options, "--no-pivot", "-q", "-j", "1", "-f", "part"]
        fds = {"--case-key": secret()}
        if "errand" in row:
            fds["--pursue"] = row["errand"].encode()
        feed = functools.partial(streamed, job, row["name"])
        yield from rows(row["name"], run(archive, arguments, fds, feed))


def rows(source: str, lines: Iterator[str]) -> Iterator[pa.RecordBatch]:
    """Rows in batches of a few megabytes."""
    held, size = [], 0
    for line in lines:
        held.append(line.rstrip("\n"))
        size += len(line)
        if size > 4 * CHUNK:
            yield table(source, held)
            held, size = [], 0
    if held:
        yield table(source, held)


def table(source: str, lines: list[str]) -> pa.RecordBatch:
    columns = [[source] * len(lines), [site_of(line) for line in lines], lines]
    return pa.RecordBatch.from_arrays([pa.array(c, pa.string()) for c in columns], ["source", "site", "line"])


# ---- the job -------------------------------------------------------------------------------------


def kept(spark: SparkSession, folder: str) -> DataFrame | None:
    """The lines that an earlier run, or an earlier wave of this one, kept."""
    try:
        return spark.read.schema(LINES).parquet(folder)
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        return None


def parts(spark: SparkSession, job: Job, todo: list[dict], wave: int, folder: str) -> str:
    """What the objects yield, kept as Parquet by site, a wave of tasks at a time. What is kept
    already is not read again."""
    before = kept(spark, folder)
    done = {row.source for row in before.select("source").distinct().collect()} if before else set()
    todo = [row for row in todo if row["name"] not in done]
    tasks = sorted({row["task"] for row in todo})
    for at in range(0, len(tasks), wave):
        now = tasks[at : at + wave]
        texts = [(task, json.dumps([row for row in todo if row["task"] == task])) for task in now]
        frame = spark.createDataFrame(texts, "task int, objects string")
        spread = frame.repartitionByRange(len(now), "task").select("objects")
        found = spread.mapInArrow(functools.partial(read, job), LINES)
        writer = found.write.mode("append").partitionBy("site")
        # A row group is read at once, and a line may have a megabyte.
        writer.options(**{"parquet.block.row.count.limit": LINES_AT_ONCE}).parquet(folder)
    return folder


def merged(archive: str, options: list[str], lines: Iterable[str]) -> Iterator[str]:
    """What one `leaksweep merge` makes of the lines of parts, which come by and are not held."""
    return run(archive, ["merge", "-", "-q", *options], {}, lambda: (f"{line}\n".encode() for line in lines))


def lines_of(*folders: str) -> Iterator[str]:
    """All lines that are kept in some folders; a head comes first. Spark would hold all that it hands
    to the driver, so they are read past it, a few at a time."""
    yield next(line for line in lines_in(folders[0]) if line.startswith('{"head":'))
    for folder in folders:
        yield from lines_in(folder)


def lines_in(folder: str) -> Iterator[str]:
    # Spark says s3a where pyarrow says s3.
    place = folder.replace("s3a://", "s3://", 1) if "://" in folder else os.path.abspath(folder)
    fs, path = filesystem(None, place)
    found = fs.get_file_info(pafs.FileSelector(path, recursive=True))
    names = [info.path for info in found if info.path.endswith(".parquet")]
    whole = [name for name in names if not any(part[0] in "_." for part in name[len(path) :].strip("/").split("/"))]
    # Those of no site hold the heads.
    for name in sorted(whole, key=lambda name: (NO_SITE not in name, name)):
        with fs.open_input_file(name) as file:
            for batch in pq.ParquetFile(file).iter_batches(LINES_AT_ONCE, columns=["line"]):
                yield from batch.column(0).to_pylist()


def sweep(spark: SparkSession, args: argparse.Namespace, options: list[str]) -> Iterator[str]:
    """The whole: first pass, second pass, report."""
    archive = str(kit(args.binary, options))
    spark.addArtifacts(archive, file=True)
    spared = {value for option, value in zip(options, options[1:]) if option == "--sites"}
    todo = pack(list(objects(args.storage, args.roots, spared)), args.task_bytes)
    job = Job(args.storage, tuple(options), os.getcwd())
    first = parts(spark, job, todo, args.wave, f"{args.parts}/first")
    found: list[str] = []
    # What the second pass finds may ask for a third: the accounts and sessions of intruders.
    for turn in [] if args.no_pivot else ["second", "third"]:
        errands = merged(archive, [*options, "--pursuit"], lines_of(first, *found))
        errand = {json.loads(line)["source"]: line for line in errands}
        again = [{**row, "errand": errand[row["name"]]} for row in todo if row["name"] in errand]
        if not again:
            break
        found.append(parts(spark, job, again, args.wave, f"{args.parts}/{turn}"))
    whole = [word for root in args.roots for word in ("--as", root)]
    no_pivot = ["--no-pivot"] if args.no_pivot else []
    yield from merged(archive, [*options, *whole, *no_pivot, "-f", args.format], lines_of(first, *found))


def arguments(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    at = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], epilog="Options of `leaksweep sweep` stand behind `--`.")
    parser.add_argument("roots", nargs="+", help="files and folders: local, hdfs://, s3://")
    parser.add_argument("--binary", type=Path, required=True, help="the static leaksweep")
    parser.add_argument("--parts", required=True, help="folder that keeps what was read (Parquet); a rerun goes on there")
    parser.add_argument("--report", type=Path, help="file for the report; standard output without it")
    parser.add_argument("--format", default="json", help="format of the report")
    parser.add_argument("--storage", help="file system of the roots as pyarrow names it: s3://KEY:SECRET@/?endpoint_override=…")
    parser.add_argument("--wave", type=int, default=1024, help="tasks after which what was read is kept")
    parser.add_argument("--task-bytes", type=int, default=256 << 20, help="bytes of objects that one task reads")
    parser.add_argument("--no-pivot", action="store_true", help="do not follow the intruders")
    return parser.parse_args(words[:at]), words[at + 1 :]


def session() -> SparkSession:
    builder = SparkSession.builder.appName("leaksweep").config("spark.log.level", "ERROR")
    builder = builder.config("spark.sql.parquet.compression.codec", "zstd")
    # Spark does not show the value of a variable with this name in its pages and logs.
    builder = builder.config(f"spark.executorEnv.{SECRET}", secret().decode())
    return builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "64").getOrCreate()


def main(words: list[str]) -> None:
    args, options = arguments(words)
    spark = session()
    with contextlib.ExitStack() as stack:
        named = args.report and stack.enter_context(args.report.open("x", encoding="utf-8"))
        (named or sys.stdout).writelines(sweep(spark, args, options))
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
