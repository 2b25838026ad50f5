#!/usr/bin/env bash
# What `cargo covenant check` costs beside the `cargo metadata` call it cannot do without.
#
#   tests/scripts/compare-cost.sh WORKSPACE [FLAGS]
#
# WORKSPACE is a folder with a Cargo.toml. FLAGS go to both commands, so that both see the same features and dependencies:
# `--features X`, `--no-default-features`, `--all-features`, `--locked`, `--offline`. Default: `--offline`.
#
# Both commands are run in turns (one pair after the other, the first of each pair alternating), so that what else the
# machine does falls on both alike, after three pairs that are not counted and warm the page cache. What is compared:
#
#   cargo metadata --format-version 1 --filter-platform HOST FLAGS     output thrown away
#   cargo-covenant check FLAGS                                         output thrown away; it runs `cargo metadata` itself
#
# Cargo is the toolchain's own (`rustup which cargo`, where there is rustup), for both: rustup's proxy costs some
# milliseconds a call. Printed are the machine, the medians and quartiles of both in milliseconds, the ratio of the
# medians, and the median of the ratios pair by pair.
#
# Environment:
#   PAIRS      how many pairs, at least 20 (default: 20)
#   COVENANT   the binary to measure (default: built here with `cargo build --release`)
#
# Exit codes 0 and 100 of `check` are both a verdict and are measured; any other stops the comparison. Needs bash,
# python3 and a Rust toolchain.
set -euo pipefail

if [ $# -lt 1 ]; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" >&2
    exit 2
fi
workspace=$(cd "$1" && pwd)
shift
if [ $# -eq 0 ]; then
    set -- --offline
fi
pairs=${PAIRS:-20}
if [ "$pairs" -lt 20 ]; then
    echo "PAIRS is $pairs: fewer than 20 say little" >&2
    exit 2
fi
[ -f "$workspace/Cargo.toml" ] || { echo "there is no Cargo.toml in $workspace" >&2; exit 2; }

# In the workspace, so that a rust-toolchain.toml there counts, as it does for its builds.
cd "$workspace"
if command -v rustup >/dev/null; then
    cargo=$(rustup which cargo)
    rustc=$(rustup which rustc)
else
    cargo=$(command -v cargo)
    rustc=$(command -v rustc)
fi
if [ -z "${COVENANT:-}" ]; then
    repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." 2>/dev/null && pwd || true)
    [ -f "$repository/Cargo.toml" ] || { echo "say in COVENANT which binary to measure" >&2; exit 2; }
    echo "building $repository …" >&2
    (cd "$repository" && cargo build --release --quiet)
    target=$(cd "$repository" && cargo metadata --format-version 1 --no-deps |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
    COVENANT=$target/release/cargo-covenant
fi
host=$("$rustc" -vV | sed -n 's/^host: //p')

export CARGO="$cargo" RUSTC="$rustc"
exec python3 - "$pairs" "$cargo" "$rustc" "$host" "$COVENANT" "$workspace" "$@" <<'PYTHON'
import os, platform, statistics, subprocess, sys, time

pairs, cargo, rustc, host, covenant, workspace, *flags = sys.argv[1:]
pairs = int(pairs)
manifest = os.path.join(workspace, "Cargo.toml")
commands = {
    "cargo metadata": (
        [cargo, "metadata", "--format-version", "1", "--filter-platform", host, "--manifest-path", manifest, *flags],
        {0},
    ),
    "check": ([covenant, "check", "--manifest-path", manifest, *flags], {0, 100}),
}


def run(name):
    command, expected = commands[name]
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    elapsed = (time.perf_counter() - start) * 1000
    if done.returncode not in expected:
        sys.exit(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    return elapsed


def say(program):
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


for _ in range(3):
    for name in commands:
        run(name)
times = {name: [] for name in commands}
load = os.getloadavg()[0]
for turn in range(pairs):
    for name in list(commands)[:: 1 if turn % 2 == 0 else -1]:
        times[name].append(run(name))

print(f"machine     {processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}")
print(f"load        {load:.1f} before, {os.getloadavg()[0]:.1f} after")
print(f"toolchain   {say(cargo)}; {say(rustc)}; {host}")
print(f"workspace   {os.path.basename(workspace)}, flags: {' '.join(flags)}")
print(f"pairs       {pairs}, interleaved, after 3 to warm up")
for name, values in times.items():
    low, median, high = statistics.quantiles(values, n=4)
    print(f"{name:<16}median {median:8.1f} ms   quartiles {low:.1f} to {high:.1f}   least {min(values):.1f}")
metadata, check = times.values()
each = statistics.median(b / a for a, b in zip(metadata, check))
print(f"ratio           {statistics.median(check) / statistics.median(metadata):.2f} of the medians, {each:.2f} pair by pair")
PYTHON
