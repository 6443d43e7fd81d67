#!/usr/bin/env bash
# leaksweep beside what is at hand: gzip, ripgrep, GoAccess, a search for card numbers. Writes a
# table to standard output; installs nothing and leaves out what is missing.
#
#     benches/compare.sh [MEGABYTES]      1000 unless told
#
# Needs hyperfine and jq. Each row is the fastest of three runs on the same combined log, in which
# one line in a thousand is an attack; ratios of one table mean something, single times do not.
set -euo pipefail
cd "$(dirname "$0")/.."
megabytes=${1:-1000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
log=$dir/access.log

cargo build --release --quiet
cargo run --release --quiet --example replay -- "$dir" --traffic "$megabytes" 2> /dev/null
[ -f "$log" ] || mv "$dir"/*.log "$log"
leaksweep=$PWD/target/release/leaksweep

# The literals by which the built-in rules choose their entries.
"$leaksweep" rules list | awk 'length($2) == 36 { print $2 }' | xargs "$leaksweep" rules explain |
    sed -n 's/^candidate *//p' | grep -o 'with "[^"]*"' | cut -d'"' -f2 | sort -u > "$dir/literals"

mkdir "$dir/gz"
split -n l/8 "$log" "$dir/gz/access.log."
gzip -q "$dir"/gz/*

# name, command: the time of the command, 0 for one that is not here.
seconds() {
    command -v "${1%% *}" > /dev/null || { echo 0; return; }
    hyperfine --warmup 1 --runs 3 --ignore-failure --shell bash --export-json "$dir/one.json" "$1" > /dev/null 2>&1
    jq '.results[0].min' "$dir/one.json"
}
# what, seconds, seconds of the row that is 1.
row() {
    [ "$2" = 0 ] && { echo "| $1 | not here | |"; return; }
    awk -v what="$1" -v s="$2" -v base="$3" -v mb="$megabytes" \
        'BEGIN { printf "| %s | %.0f MB/s | %.2f |\n", what, mb / s, s / base }'
}

sweep="$leaksweep sweep --no-pivot -o json=/dev/null --force"
one=$(seconds "$sweep -j 1 $log")
echo "$megabytes MB combined log, $(nproc) cores, $(wc -l < "$dir/literals") literals"
echo
echo "| what | bytes of log | time, leaksweep on one thread = 1 |"
echo "|---|---|---|"
row "leaksweep, everything, one thread" "$one" "$one"
row "leaksweep, everything, two threads" "$(seconds "$sweep -j 2 $log")" "$one"
row "\`rg -j1 -c -i -F\`, the rules' literals alone" "$(seconds "rg -j1 -c -i -F -f $dir/literals $log")" "$one"
row "\`rg -j1 -c\`, a card number's form alone" "$(seconds "rg -j1 -c '[3-6](?:[ -]?[0-9]){12,18}' $log")" "$one"
row "\`grep -c -E\`, a card number's form alone" "$(seconds "grep -c -E '[3-6]([ -]?[0-9]){12,18}' $log")" "$one"
row "GoAccess, statistics" "$(seconds "goaccess $log --log-format=COMBINED -o $dir/goaccess.json --no-progress")" "$one"
row "\`gzip -dc\`, eight files one after another" "$(seconds "gzip -dc $dir/gz/*.gz")" "$one"
row "leaksweep, the eight files, one thread" "$(seconds "$sweep -j 1 $dir/gz")" "$one"
row "leaksweep, the eight files, two threads" "$(seconds "$sweep -j 2 $dir/gz")" "$one"
