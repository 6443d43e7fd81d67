"""leaksweep on Apache Spark: the report of one sweep, of evidence that one machine cannot read.

    spark-submit leaksweep_spark.py --binary ./leaksweep --parts DIR --report report.json \
        s3://bucket/logs -- --sites sites.toml

Every object is streamed into `leaksweep sweep -` on an executor, as it is; what that yields (a part,
lines of JSON) is kept as Parquet, by site. `leaksweep merge` judges each site on an executor, and
makes the report of the cases. The intruders that the sites show are followed by a second job, which
reads only the objects that the index names. Nothing here knows what an attack is.

The key of the case is taken from the environment variable LEAKSWEEP_CASE_SECRET, on the executors,
too; it is handed to the program through a pipe, and stands in no file, argument or part.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import functools
import heapq
import itertools
import json
import os
import shutil
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
FILES = {"--sites", "--rules", "--indicators", "--mapping", "--log-format", "--suppressions"}


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
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = Path(folder) / KIT
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
    """Binary and working directory; unpacked once in each Python worker, beside the archive: in a
    folder of this run, which is gone with it."""
    folder = Path(archive).parent / f"leaksweep-{os.getpid()}"
    if not folder.exists():
        draft = Path(tempfile.mkdtemp(dir=folder.parent))
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


def kept_in(folder: str) -> tuple[pafs.FileSystem, str]:
    """Where Spark keeps a folder; it says s3a where pyarrow says s3."""
    return filesystem(None, folder.replace("s3a://", "s3://", 1) if "://" in folder else os.path.abspath(folder))


def files_in(*folders: str) -> Iterator[dict]:
    """Every Parquet file of some folders, with its site as Spark spells it."""
    for folder in folders:
        fs, path = kept_in(folder)
        for info in fs.get_file_info(pafs.FileSelector(path, recursive=True)):
            below = info.path[len(path) :].strip("/").split("/")
            if info.path.endswith(".parquet") and not any(name[0] in "_." for name in below):
                site = next((name for name in below if name.startswith("site=")), NO_SITE)
                yield {"site": site, "path": info.path, "size": info.size}


def lines_in(fs: pafs.FileSystem, paths: Iterable[str]) -> Iterator[str]:
    """The lines of Parquet files, a few at a time. Spark would hold all that it hands over."""
    for path in paths:
        with fs.open_input_file(path) as file:
            for batch in pq.ParquetFile(file).iter_batches(LINES_AT_ONCE, columns=["line"]):
                yield from batch.column(0).to_pylist()


def lines_of_no_site(*folders: str) -> Iterator[str]:
    """The lines that are of no site: heads, files, streams as a whole."""
    fs, _ = kept_in(folders[0])
    yield from lines_in(fs, sorted(file["path"] for file in files_in(*folders) if file["site"] == NO_SITE))


# ---- judgement -----------------------------------------------------------------------------------


def merged(archive: str, options: Iterable[str], lines: Iterable[str]) -> Iterator[str]:
    """What one `leaksweep merge` makes of the lines of parts, which come by and are not held."""
    return run(archive, ["merge", "-", "-q", *options], {}, lambda: (f"{line.rstrip()}\n".encode() for line in lines))


def step(parts_: str, options: tuple[str, ...], estate: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Takes a step of judging the sites of a task, each from all of its own lines."""
    fs, _ = kept_in(parts_)
    for batch in batches:
        for paths in batch.column(0).to_pylist():
            lines = itertools.chain([estate], lines_in(fs, json.loads(paths)))
            yield from rows("", merged(SparkFiles.get(KIT), options, lines))


@dataclass(frozen=True)
class Judgement:
    """Sites are judged on the executors, each where its own lines are read; the driver reads only
    the lines of no site, and what the sites say."""

    spark: SparkSession
    archive: str
    options: tuple[str, ...]
    parts: str
    budget: int

    def on_executors(self, name: str, more: list[str], estate: str, folders: list[str]) -> Iterator[str]:
        """Has a step taken for all sites; what it says is kept, and read past Spark."""
        of_site: dict[str, list[dict]] = {}
        for file in files_in(*folders):
            if file["site"] != NO_SITE:
                of_site.setdefault(file["site"], []).append(file)
        sites = [{"name": site, "size": sum(file["size"] for file in files)} for site, files in of_site.items()]
        tasks: dict[int, list[str]] = {}
        for site in pack(sites, self.budget):
            tasks.setdefault(site["task"], []).extend(file["path"] for file in of_site[site["name"]])
        if not tasks:
            return iter(())
        texts = [(task, json.dumps(paths)) for task, paths in tasks.items()]
        frame = self.spark.createDataFrame(texts, "task int, paths string")
        spread = frame.repartitionByRange(len(texts), "task").select("paths")
        place = self.parts if "://" in self.parts else os.path.abspath(self.parts)
        options = ("--step", name, *more, *self.options)
        said = spread.mapInArrow(functools.partial(step, place, options, estate), LINES)
        folder = f"{self.parts}/{name}"
        said.write.mode("overwrite").option("parquet.block.row.count.limit", LINES_AT_ONCE).parquet(folder)
        return lines_in(kept_in(folder)[0], [file["path"] for file in files_in(folder)])

    def estate(self, folders: list[str]) -> tuple[str, dict[str, str]]:
        """What the judgement of one site must know of all the others; and the errands by source."""
        options = [*self.options, "--step", "estate"]
        head = next(line for line in lines_of_no_site(*folders) if line.startswith('{"head":'))
        estate, *_ = merged(self.archive, options, itertools.chain([head], lines_of_no_site(*folders)))
        words = self.on_executors("words", [], estate, folders)
        lines = itertools.chain([estate], words, lines_of_no_site(*folders))
        estate, *errands = merged(self.archive, options, lines)
        return estate, {json.loads(line)["source"]: line for line in errands}

    def report(self, estate: str, folders: list[str], options: list[str], format_: str) -> Iterator[str]:
        """The report, of the cases that the executors make."""
        cases = self.on_executors("cases", ["-f", format_], estate, folders)
        lines = itertools.chain([estate], cases, lines_of_no_site(*folders))
        return merged(self.archive, [*self.options, *options, "-f", format_], lines)


def sweep(spark: SparkSession, args: argparse.Namespace, options: list[str]) -> Iterator[str]:
    """The whole: first pass, second pass, report."""
    archive = str(kit(args.binary, options))
    spark.addArtifacts(archive, file=True)
    spared = {value for option, value in zip(options, options[1:]) if option == "--sites"}
    todo = pack(list(objects(args.storage, args.roots, spared)), args.task_bytes)
    job = Job(args.storage, tuple(options), os.getcwd())
    # A site's lines take a small part of its logs' room.
    judgement = Judgement(spark, archive, tuple(options), args.parts, max(1, args.task_bytes // 32))
    folders = [parts(spark, job, todo, args.wave, f"{args.parts}/first")]
    # What the second pass finds may ask for a third: the accounts and sessions of intruders.
    for turn in [] if args.no_pivot else ["second", "third"]:
        estate, errands = judgement.estate(folders)
        again = [{**row, "errand": errands[row["name"]]} for row in todo if row["name"] in errands]
        if not again:
            break
        folders.append(parts(spark, job, again, args.wave, f"{args.parts}/{turn}"))
    else:
        estate, _ = judgement.estate(folders)
    whole = [word for root in args.roots for word in ("--as", root)]
    no_pivot = ["--no-pivot"] if args.no_pivot else []
    yield from judgement.report(estate, folders, [*whole, *no_pivot], args.format)


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
