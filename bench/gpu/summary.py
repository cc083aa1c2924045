"""Joins the reports of run.sh into tables: requests/s, latencies, share of the card's peaks, ratio to plain PyTorch; scorings alone.

    python3 summary.py OUT

A report that cannot be read, such as one of a run that was cut short, is left out and named.
"""
import json
import statistics
import sys
from datetime import datetime, timezone
from pathlib import Path

# Dense peaks as the makers state them: fp32 TFLOP/s, half-precision tensor TFLOP/s, memory GB/s.
CARDS = {
    "H200": (67, 989, 4_800), "H100 PCIe": (51, 756, 2_000), "H100": (67, 989, 3_350), "A100": (19.5, 312, 1_555), "L40S": (91.6, 362, 864),
    "L4": (30.3, 121, 300), "A10": (31.2, 125, 600), "T4": (8.1, 65, 320),
}
SOURCE = "the source's T4, fp16, a model of unknown size: 608 requests/s, 6.5 ms; a comparison of workload, not of kernels"


def read(file):
    """The report; None where it is broken."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        print(f"left out: {file.name}: {error}", file=sys.stderr)
        return None


def samples_of(file):
    """(time, percent, MiB) of each line of the card's file; its clock is the machine's local one."""
    samples = []
    if not file.exists():
        return samples
    for line in file.read_text().splitlines():
        try:
            time, busy, memory, _ = (cell.strip() for cell in line.split(","))
            moment = datetime.strptime(time, "%Y/%m/%d %H:%M:%S.%f").astimezone(timezone.utc)
            samples.append((moment, float(busy), float(memory)))
        except ValueError:
            # A last line that was cut, or a figure that the card does not give.
            continue
    return samples


def utilisation(samples, row):
    """Mean over the row's own time, percent, and the most memory in MiB."""
    if "start" not in row or not samples:
        return "", ""
    start, end = (moment_of(row[key]) for key in ("start", "end"))
    own = [sample for sample in samples if start <= sample[0] <= end]
    return (f"{statistics.mean(s[1] for s in own):.0f} %", f"{max(s[2] for s in own):,.0f}") if own else ("", "")


def moment_of(text):
    """ISO 8601 with any number of decimals."""
    head, _, tail = text.replace("Z", "+00:00").partition(".")
    if not tail:
        return datetime.fromisoformat(head)
    zone = max(tail.find("+"), tail.find("-"))
    return datetime.fromisoformat(f"{head}.{tail[:zone][:6]:0<6}{tail[zone:]}")


def main():
    out = Path(sys.argv[1])
    card = (out / "card.txt").read_text().strip() if (out / "card.txt").exists() else ""
    peaks = next((peaks for name, peaks in CARDS.items() if name in card), None)
    print(f"card: {card or 'none'}\n")
    print("| ads | scorer | precision | in flight | requests/s | p50 ms | p99 ms | scorings/s | of peak flops | of peak GB/s | busy | MiB "
          "| overlap with host | x plain PyTorch |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    files = [file for file in sorted(out.glob("*.json")) if not file.stem.startswith("score-")]
    reports = {file: whole for file in files if (whole := read(file)) is not None}
    for file in sorted(reports, key=order):
        rows(file, reports, peaks)
    scores(out, reports, peaks)
    print(f"\nbeside: {SOURCE}")


def order(file):
    items, *scorer, precision = file.stem.split("-")
    return int(items), precision if scorer != ["cpu"] else "", scorer == ["pytorch"], scorer


def rows(file, reports, peaks):
    whole = reports[file]
    found = whole.get("inFlight") or whole
    items, *scorer, precision = file.stem.split("-")
    peer_report = reports.get(file.with_name(f"{items}-pytorch-{precision}.json"))
    peer = {row["inFlight"]: row["requestsPerSecond"] for row in peer_report["rows"]} if peer_report and scorer != ["cpu"] else {}
    samples = samples_of(file.with_suffix(".card.csv")) if scorer != ["cpu"] else []
    for row in found["rows"]:
        flops = bytes_ = ""
        if peaks and "gflops" in row and scorer != ["cpu"]:
            flops = f"{row['gflops'] / 10 / (peaks[0] if precision == 'fp32' else peaks[1]):.2f} %"
            bytes_ = f"{row['gigabytesPerSecond'] / peaks[2]:.1%}"
        busy, memory = utilisation(samples, row)
        ratio = f"{row['requestsPerSecond'] / peer[row['inFlight']]:.2f}" if row["inFlight"] in peer else ""
        print(f"| {int(items):,} | {'-'.join(scorer)} | {precision} | {row['inFlight']} | {row['requestsPerSecond']:,.1f} "
              f"| {row['p50Ms']:.2f} | {row['p99Ms']:.2f} | {row['scoringsPerSecond']:,.0f} | {flops} | {bytes_} | {busy} | {memory} "
              f"| {found['overlapWithHost']:.2%} | {ratio} |")


def scores(out, reports, peaks):
    """Scorings alone: of `bench score`, with all that a call costs, and of the peer, tensors on the card and nothing copied."""
    lines = []
    for file in sorted(out.glob("score-*.json")):
        whole = read(file)
        _, *scorer, precision = file.stem.split("-")
        for row in whole["rows"] if whole else []:
            share = f"{row['gflops'] / 10 / (peaks[0] if precision == 'fp32' else peaks[1]):.2f} %" if peaks else ""
            lines.append(f"| {whole['items']:,} | {'-'.join(scorer)} | {precision} | {row['inFlight']} x {row['batch']:,} "
                         f"| {row['scoringsPerSecond']:,.0f} | {share} | {row['ratio']:.2f} |")
    for file in sorted(reports, key=order):
        items, *scorer, precision = file.stem.split("-")
        for row in reports[file].get("score", []) if scorer == ["pytorch"] else []:
            lines.append(f"| {int(items):,} | pytorch, on the card alone | {precision} | {row['requests']} x {row['ads']:,} "
                         f"| {row['scoringsPerSecond']:,.0f} | | |")
    if lines:
        print("\n| ads | scorer | precision | requests x ads | scorings/s | of peak flops | x the host's scorer |")
        print("|---|---|---|---|---|---|---|")
        print("\n".join(lines))


if __name__ == "__main__":
    main()
