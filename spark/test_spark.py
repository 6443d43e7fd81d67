"""The report of the Spark job is, to the byte, that of one sweep. Needs Java 17, and in the virtual
environment pyspark, pyarrow, moto[server] and boto3; `.ci/spark` makes it.

    python test_spark.py LEAKSWEEP FOLDER...     FOLDERs of logs beside sample-logs, such as a replay
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = Path(sys.argv[1]).resolve()
MORE = [Path(name).resolve() for name in sys.argv[2:]]
SECRET = "a key that is only for this test!"
SITES = ["--sites", "sample-logs/sites.toml"]


def spark_home(folder: Path) -> Path:
    """A Spark of our own: local-cluster writes beside the program."""
    import pyspark

    home = folder / "spark"
    home.mkdir()
    for part in Path(pyspark.__file__).parent.iterdir():
        if part.name != "work":
            (home / part.name).symlink_to(part)
    return home


class Spark(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        shutil.copytree(HERE.parent / "sample-logs", self.folder / "sample-logs", copy_function=shutil.copy2)
        self.environment = {
            **os.environ,
            "LEAKSWEEP_CASE_SECRET": SECRET,
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_HOME": str(spark_home(self.folder)),
            "PYSPARK_SUBMIT_ARGS": "--master local-cluster[2,1,1024] --conf spark.ui.enabled=false pyspark-shell",
        }

    def sweep(self, roots: list[str], options: list[str], more: list[str] = []) -> bytes:
        command = [BINARY, "sweep", *roots, *options, *more, "-q", "-f", "json"]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.PIPE)
        self.assertIn(done.returncode, (0, 1, 4, 5))
        return done.stdout

    def read(self) -> dict[Path, int]:
        """What is kept of the objects, and when it was written."""
        passes = [(self.folder / "parts" / turn).rglob("*.parquet") for turn in ("first", "second", "third")]
        return {path: path.stat().st_mtime_ns for kept in passes for path in kept}

    def start(self, roots: list[str], options: list[str], more: list[str] = []) -> subprocess.Popen:
        job = [sys.executable, HERE / "leaksweep_spark.py", *roots, "--binary", BINARY]
        job += ["--parts", self.folder / "parts", "--report", self.folder / "report.json"]
        job += ["--task-bytes", "200000", *more, "--", *options]
        return subprocess.Popen(job, cwd=self.folder, env=self.environment)

    def spark(self, roots: list[str], options: list[str], more: list[str] = []) -> bytes:
        self.assertEqual(self.start(roots, options, more).wait(), 0)
        return (self.folder / "report.json").read_bytes()

    def test_the_same_bytes_and_a_rerun_reads_nothing_again(self) -> None:
        whole = self.sweep(["sample-logs"], SITES)
        self.assertTrue(self.spark(["sample-logs"], SITES, ["--wave", "3"]) == whole)
        kept = self.read()
        self.assertTrue(any("site=zei.example.jp" in str(path) for path in kept))
        for path in (self.folder / "parts").rglob("*"):
            self.assertTrue(path.is_dir() or SECRET.encode() not in path.read_bytes(), path)
        judged = list((self.folder / "parts/cases").glob("*.parquet"))
        self.assertGreater(len(judged), 1, "sites were judged apart")
        (self.folder / "report.json").unlink()
        self.assertTrue(self.spark(["sample-logs"], SITES) == whole)
        self.assertEqual(kept, self.read())

    @unittest.skipUnless(MORE, "no other folders were given")
    def test_other_folders(self) -> None:
        for folder in MORE:
            with self.subTest(folder.name):
                (self.folder / folder.name).symlink_to(folder)
                shutil.rmtree(self.folder / "parts", ignore_errors=True)
                (self.folder / "report.json").unlink(missing_ok=True)
                sites = ["--sites", f"{folder.name}/sites.toml"] if (folder / "sites.toml").exists() else []
                whole = self.sweep([folder.name], sites)
                self.assertTrue(self.spark([folder.name], sites, ["--task-bytes", "4000000"]) == whole)

    def test_an_executor_that_dies(self) -> None:
        whole = self.sweep(["sample-logs"], SITES)
        job = self.start(["sample-logs"], SITES)
        killed = threading.Event()
        threading.Thread(target=kill_an_executor, args=(job.pid, killed), daemon=True).start()
        self.assertEqual(job.wait(), 0)
        self.assertTrue(killed.is_set(), "an executor was killed while it read")
        self.assertTrue((self.folder / "report.json").read_bytes() == whole)

    def test_a_damaged_archive_is_the_same_gap(self) -> None:
        log = next((self.folder / "sample-logs/zei.example.jp").glob("*.gz"))
        log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
        whole = self.sweep(["sample-logs"], SITES)
        self.assertIn(b"ends too early" if b"ends too early" in whole else log.name.encode(), whole)
        self.assertTrue(self.spark(["sample-logs"], SITES) == whole)

    def test_an_object_store(self) -> None:
        import boto3
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        server.start()
        self.addCleanup(server.stop)
        endpoint = "127.0.0.1:{}".format(server.get_host_and_port()[1])
        store = boto3.client("s3", endpoint_url=f"http://{endpoint}", region_name="us-east-1",
                             aws_access_key_id="test", aws_secret_access_key="test")  # fmt: skip
        store.create_bucket(Bucket="logs")
        names = [p for p in sorted((self.folder / "sample-logs/zei.example.jp").iterdir()) if p.is_file()]
        for path in names:
            store.upload_file(str(path), "logs", f"zei/{path.name}")
        stored = {o["Key"]: o["LastModified"] for o in store.list_objects_v2(Bucket="logs")["Contents"]}
        key = self.folder / "key"
        key.write_text(SECRET)
        parts = b""
        for path in names:
            written = f"{stored[f'zei/{path.name}']:%Y-%m-%dT%H:%M:%S}Z"
            command = [BINARY, "sweep", "-", "--stdin-name", f"s3://logs/zei/{path.name}", "--site", "zei"]
            command += ["--stdin-written", written, "--case-key", key, "--no-pivot", "-f", "part"]
            parts += subprocess.run(command, stdin=path.open("rb"), stdout=subprocess.PIPE).stdout
        (self.folder / "one.part").write_bytes(parts)
        command = [BINARY, "merge", "one.part", "--as", "s3://logs/zei", "--site", "zei"]
        errands = self.folder / "errands"
        errands.write_bytes(subprocess.run([*command, "--pursuit"], cwd=self.folder, stdout=subprocess.PIPE).stdout)
        found = b""
        for path in names:
            sweep = [BINARY, "sweep", "-", "--stdin-name", f"s3://logs/zei/{path.name}", "--site", "zei"]
            sweep += ["--pursue", errands, "--case-key", key, "-f", "part"]
            found += subprocess.run(sweep, stdin=path.open("rb"), stdout=subprocess.PIPE).stdout
        (self.folder / "two.part").write_bytes(found)
        whole = subprocess.run([*command, "two.part", "-f", "json"], cwd=self.folder, stdout=subprocess.PIPE).stdout
        self.assertIn(b'"open": 0' if b'"open": 0' in whole else b'"open":0', whole)
        storage = f"s3://test:test@logs/?endpoint_override={endpoint}&scheme=http&region=us-east-1"
        report = self.spark(["s3://logs/zei"], ["--site", "zei"], ["--storage", storage])
        self.assertTrue(report == whole)


def kill_an_executor(job: int, killed: threading.Event) -> None:
    """Kills the executor of the first leaksweep that reads."""
    while not killed.is_set():
        parents, commands = processes()
        for pid, command in commands.items():
            if "leaksweep sweep -" not in command or not (line := ancestors(pid, parents)) or job not in line:
                continue
            executors = [p for p in line if "CoarseGrainedExecutorBackend" in commands.get(p, "")]
            if executors:
                os.kill(executors[0], signal.SIGKILL)
                killed.set()
                return
        time.sleep(0.02)


def processes() -> tuple[dict[int, int], dict[int, str]]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], stdout=subprocess.PIPE, text=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return {int(r[0]): int(r[1]) for r in rows}, {int(r[0]): r[2] for r in rows if len(r) > 2}


def ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    line = []
    while pid := parents.get(pid, 0):
        line.append(pid)
    return line


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
