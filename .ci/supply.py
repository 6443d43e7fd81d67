#!/usr/bin/env python3
"""usage: cargo metadata --format-version 1 | supply.py deny.toml

Every crate, those for tests included, has a licence and a source that deny.toml allows, is not one
that it denies, and asks for no version at all of none. One line for each that does not.
"""

import json
import sys
import tomllib


def allowed(licence, known):
    """Whether an SPDX expression can be met with known licences; `A/B` is the old spelling of OR."""
    each = licence.replace("/", " OR ").split(" AND ")
    return all(any(one.strip(" ()") in known for one in part.split(" OR ")) for part in each)


def faults(crate, rules):
    known, denied = set(rules["licenses"]["allow"]), set(rules["bans"]["deny"])
    sources = {"registry+" + source for source in rules["sources"]["allow-registry"]}
    if not allowed(crate["license"] or "none", known):
        yield f"licence {crate['license']} is not allowed"
    if crate["source"] not in sources | {None}:
        yield f"source {crate['source']} is not allowed"
    if crate["name"] in denied:
        yield "denied by name"
    for dependency in crate["dependencies"]:
        if crate["source"] is None and dependency["req"] == "*":
            yield f"any version of {dependency['name']} would do"


def main():
    with open(sys.argv[1], "rb") as file:
        rules = tomllib.load(file)
    crates = json.load(sys.stdin)["packages"]
    found = [f"{crate['name']}: {fault}" for crate in crates for fault in faults(crate, rules)]
    print("\n".join(found) or f"{len(crates)} crates in all: licences and sources are allowed")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
