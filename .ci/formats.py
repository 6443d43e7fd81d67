"""Checks OCSF findings against the real schemas, Timesketch rows against what its server asks for,
and that all formats tell the same for every site."""

import csv
import datetime
import json
import sys
from collections import Counter
from pathlib import Path

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

FOLDER = Path(sys.argv[1])
VERSIONS = sys.argv[2:]


def lines(name):
    with open(FOLDER / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def check_ocsf(version):
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version)).get_class_schema("detection_finding")
    validator = Draft202012Validator(schema)
    events = lines(f"ocsf-{version}.ndjson")
    for event in events:
        for error in validator.iter_errors(event):
            sys.exit(f"OCSF {version}, {event['finding_info']['uid']}: {error.json_path}: {error.message}")
    broken = dict(events[0], severity_id="high")
    assert not validator.is_valid(broken), "the validator finds nothing"
    print(f"OCSF {version}: {len(events)} findings are valid")
    return Counter(event["unmapped"]["leaksweep"]["site"] for event in events)


def check_timesketch():
    rows = lines("timesketch.jsonl")
    for row in rows:
        assert {"message", "datetime", "timestamp_desc"} <= row.keys(), row
        time = datetime.datetime.fromisoformat(row["datetime"])
        assert time.tzinfo is not None, row["datetime"]
        assert round(time.timestamp() * 1_000_000) == row["timestamp"], row
        assert all(len(str(value).encode()) < 32_766 for value in row.values()), "too long a field"
    print(f"Timesketch: {len(rows)} rows are as its server asks")
    return Counter(row["site"] for row in rows)


def same(what, counts):
    names = list(counts)
    for name in names[1:]:
        assert counts[name] == counts[names[0]], (what, name, counts[name], counts[names[0]])
    print(f"{what}: {sum(counts[names[0]].values())} of {len(counts[names[0]])} sites, the same in {', '.join(names)}")


def main():
    report = json.loads((FOLDER / "report.json").read_text(encoding="utf-8"))
    findings = Counter({case["site"]: len(case["findings"]) for case in report["sites"] if case["findings"]})
    by_format = {"json": findings}
    by_format |= {f"ocsf {version}": check_ocsf(version) for version in VERSIONS}
    by_format["ecs"] = Counter(alert["leaksweep"]["site"] for alert in lines("ecs.ndjson"))
    same("findings", by_format)
    with open(FOLDER / "hits.csv", encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    for row in table:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values()), row
    same("hits", {
        "ndjson": Counter(hit["site"] for hit in lines("hits.ndjson")),
        "csv": Counter(row["site"] for row in table),
        "timesketch": check_timesketch(),
    })


main()
