"""Joins the reports of run.sh into one table: requests/s, latencies, share of the card's peaks, ratio to plain PyTorch.

    python3 summary.py OUT
"""
import json
import statistics
import sys
from pathlib import Path

# Dense peaks as the makers state them: fp32 TFLOP/s, half-precision tensor TFLOP/s, memory GB/s.
CARDS = {
    "H200": (67, 989, 4_800), "H100 PCIe": (51, 756, 2_000), "H100": (67, 989, 3_350), "A100": (19.5, 312, 1_555), "L40S": (91.6, 362, 864),
    "L4": (30.3, 121, 300), "A10": (31.2, 125, 600), "T4": (8.1, 65, 320),
}
SOURCE = "the source's T4, fp16, a model of unknown size: 608 requests/s, 6.5 ms; a comparison of workload, not of kernels"


def utilisation(file):
    """Mean of the busy half of the samples, which leaves out loading and tuning; percent, and the most memory in MiB."""
    if not file.exists():
        return "", ""
    samples = [line.split(",") for line in file.read_text().splitlines() if line.count(",") == 2 and "[" not in line]
    if not samples:
        return "", ""
    busy = sorted(float(sample[0]) for sample in samples)[len(samples) // 2 :]
    return f"{statistics.mean(busy):.0f} %", f"{max(float(sample[1]) for sample in samples):,.0f}"


def main():
    out = Path(sys.argv[1])
    card = (out / "card.txt").read_text().strip() if (out / "card.txt").exists() else ""
    peaks = next((peaks for name, peaks in CARDS.items() if name in card), None)
    print(f"card: {card or 'none'}\n")
    print("| ads | scorer | precision | in flight | requests/s | p50 ms | p99 ms | scorings/s | of peak flops | of peak GB/s | busy | MiB "
          "| overlap with host | x plain PyTorch |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for peer_file in [None, *sorted(out.glob("*-pytorch-*.json"))]:
        rows_of(out, peer_file, peaks)
    print(f"\nbeside: {SOURCE}")


def rows_of(out, peer_file, peaks):
    if peer_file is None:
        for file in sorted(out.glob("*-cpu-*.json")):
            if file.stem.split("-")[1] == "cpu":
                report(file, None, None)
        return
    items, precision = peer_file.stem.split("-pytorch-")
    peer = {row["inFlight"]: row["requestsPerSecond"] for row in json.loads(peer_file.read_text())["rows"]}
    for file in sorted(out.glob(f"{items}-cuda*-{precision}.json")) + sorted(out.glob(f"{items}-torch*-{precision}.json")):
        report(file, peaks, peer)
    report(peer_file, None, peer)


def report(file, peaks, peer):
    whole = json.loads(file.read_text())
    found = whole.get("inFlight", whole)
    items, *scorer, precision = file.stem.split("-")
    busy, memory = utilisation(file.with_suffix("").with_suffix(".card.csv"))
    for row in found["rows"]:
        flops = bytes_ = ""
        if peaks and "gflops" in row:
            flops = f"{row['gflops'] / 10 / (peaks[0] if precision == 'fp32' else peaks[1]):.2f} %"
            bytes_ = f"{row['gigabytesPerSecond'] / peaks[2]:.1%}"
        ratio = f"{row['requestsPerSecond'] / peer[row['inFlight']]:.2f}" if peer and row["inFlight"] in peer else ""
        print(f"| {int(items):,} | {'-'.join(scorer)} | {precision} | {row['inFlight']} | {row['requestsPerSecond']:,.1f} "
              f"| {row['p50Ms']:.2f} | {row['p99Ms']:.2f} | {row['scoringsPerSecond']:,.0f} | {flops} | {bytes_} | {busy} | {memory} "
              f"| {found['overlapWithHost']:.2%} | {ratio} |")


if __name__ == "__main__":
    main()
