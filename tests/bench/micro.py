"""What a format costs a record, a batch on its way from the queue to a sink, and a checkpoint the loop and a sink."""

import json
import subprocess

PROGRAMS = {
    "format_bench": ("A format, in the sinks' chunks of 256 KiB", "record"),
    "batch_bench": ("A batch of 2,500 records through the flow into a sink; time, and CPU of all threads", "record"),
    "checkpoint_bench": ("A checkpoint's work on the loop, by partitions open and changed", "checkpoint"),
    "file_bench": ("A checkpoint in the file sink but for the disk, by files open and changed", "checkpoint"),
}


def run(bench):
    sections = []
    for name, (title, unit) in PROGRAMS.items():
        program = bench.programs / name
        if not program.exists():
            print(f"SKIPPED: {name}, for Google Benchmark is not installed (Debian: libbenchmark-dev)")
            continue
        command = [program, "--benchmark_format=json", "--benchmark_repetitions=3"]
        if bench.options.small:
            command.append("--benchmark_min_time=0.01")
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        found = json.loads(ran.stdout)["benchmarks"]
        rows = [row(each) for each in found if each.get("aggregate_name") == "median"]
        head = [f"## {title}", "", f"| | ns a {unit} | CPU, ns a {unit} |", "|---|---|---|"]
        sections.append("\n".join([*head, *rows, ""]))
    if sections:
        bench.write("micro.md", "# Microbenchmarks\n\n" + "\n".join(sections) + f"\nMedians of 3. {bench.facts()}\n")


def row(found):
    name = found["run_name"].split("/process_time")[0]
    time = 1e9 / found["items_per_second"]
    return f"| {name} | {time:,.1f} | {time * found['cpu_time'] / found['real_time']:,.1f} |"
