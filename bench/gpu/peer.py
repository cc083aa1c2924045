"""Plain PyTorch doing what `recall bench retrieval --scorer cuda-walk` does: the same index, model, requests and knobs, on the same card.

    python3 peer.py --work WORK --requests REQUESTS.safetensors --report REPORT.json [--device cuda:0] [--precision bf16]

WORK is the bench's --work folder, REQUESTS what its --export wrote, REPORT its --json output. Prints one JSON document: requests a second
and latencies at 1, 8 and 64 requests a batch, the share of the host's K best that is found, and scorings a second of the model alone.
Nothing but PyTorch and numpy is wanted.
"""
import argparse
import json
import mmap
import statistics
import struct
import time
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

EPSILON = 1e-6
BUCKET = 4


def read_safetensors(path):
    """Name -> numpy array."""
    raw = Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    types = {"F32": np.float32, "I32": np.int32, "I64": np.int64, "U8": np.uint8}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            kind = np.dtype(types[entry["dtype"]])
            tensors[name] = np.frombuffer(raw, kind, (end - start) // kind.itemsize, 8 + length + start).reshape(entry["shape"])
    return tensors


class Index:
    """An index file: header and sections (see IndexFormat)."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        sections, _, self.count, self.dim, self.record, self.m, self.m0, self.entry = struct.unpack_from("<iqqiiiii", self.raw, 20)
        types = {1: np.uint8, 2: np.int32, 3: np.int64, 4: np.float32}
        self.sections = {}
        for i in range(sections):
            at = 128 + (64 * i)
            name = self.raw[at : at + 24].rstrip(b"\0").decode()
            kind, _, offset, length = struct.unpack_from("<iiqq", self.raw, at + 24)
            self.sections[name] = np.frombuffer(self.raw, types[kind], length, offset)

    def padded(self, splits, neighbors, degree, padding):
        rows = len(splits) - 1
        table = np.full((rows + padding, degree), self.count, np.int32)
        lengths = np.minimum(np.diff(splits), degree)
        row = np.repeat(np.arange(rows), lengths)
        place = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        table[row, place] = neighbors[np.repeat(splits[:-1], lengths) + place]
        return table


class Model:
    """The folded model: rows [phi(q) | W_t t] and codes of all ads on the device; see FoldedWeights for the formula."""

    def __init__(self, index, weights, device, dtype):
        self.d, self.h1 = index.dim, weights["first.slope"].size
        self.device, self.dtype, self.count = device, dtype, index.count
        layers = self.d + self.h1
        records = index.sections["records"].reshape(index.count, index.record)
        self.rows = torch.zeros(index.count + 1, layers, dtype=dtype, device=device)
        for start in range(0, index.count, 1 << 18):
            part = np.ascontiguousarray(records[start : start + (1 << 18), :layers])
            self.rows[start : start + len(part)] = torch.from_numpy(part).to(device, dtype)
        # Codes are padded to a cache line; a field without any code would be last.
        fields = (index.record - layers) and int((records[: 1 << 16, layers:].view(np.int32) != 0).any(0).sum())
        self.codes = torch.zeros(fields, index.count + 1, dtype=torch.int32, device=device)
        for field in range(fields):
            column = np.ascontiguousarray(records[:, layers + field]).view(np.int32)
            self.codes[field, : index.count] = torch.from_numpy(column).to(device)

        def constant(name, kind=dtype):
            return torch.from_numpy(np.array(weights[name])).to(device, kind)

        self.slope1, self.slope2 = constant("first.slope"), constant("second.slope")
        self.w2, self.b2 = constant("second.weight"), constant("second.bias")
        self.w3 = constant("output.weight", torch.float32).reshape(-1)
        self.b3 = float(weights["output.bias"].reshape(-1)[0])

    def prepare(self, states):
        d, h1, count = self.d, self.h1, len(states)
        bits = torch.from_numpy(np.ascontiguousarray(states)).to(self.device)
        floats = bits.view(torch.float32)
        base, z, r = floats[:, :h1], floats[:, h1 : h1 + d], floats[:, h1 + d : h1 + (2 * d)]
        attention = floats[:, h1 + (2 * d) : h1 + (2 * d) + (d * h1)].reshape(count, d, h1)
        scalars = torch.stack([z, r], 2)
        pad = torch.zeros(count, d, -(h1 + 2) % 8, device=self.device)
        users = [base.unsqueeze(1).to(self.dtype), torch.cat([attention, scalars, pad], 2).to(self.dtype), scalars.contiguous()]
        fields = len(self.codes)
        if fields:
            start = h1 + (2 * d) + (d * h1)
            tables = bits[:, start:].reshape(count, fields, -1, 2, BUCKET)
            codes = tables[:, :, :, 0].reshape(count, fields, -1)
            weights = tables[:, :, :, 1].contiguous().view(torch.float32).reshape(count, fields, -1)
            codes, order = codes.sort(2)
            users += [codes.transpose(0, 1).contiguous(), weights.gather(2, order).transpose(0, 1).contiguous()]
        return users

    def score(self, users, ads):
        count, width = ads.shape
        flat = ads.reshape(-1)
        rows = self.rows.index_select(0, flat).view(count, width, -1)
        phi = rows[:, :, : self.d]
        products = phi.bmm(users[1])
        sums = products[:, :, self.h1 : self.h1 + 2] if self.dtype == torch.float32 else phi.float().bmm(users[2])
        hidden = (products[:, :, : self.h1] / (sums[:, :, :1] + EPSILON)).to(self.dtype)
        hidden = (hidden + users[0] + rows[:, :, self.d :]).view(count * width, self.h1)
        hidden = torch.nn.functional.prelu(hidden, self.slope1)
        hidden = torch.nn.functional.prelu(torch.nn.functional.linear(hidden, self.w2, self.b2), self.slope2)
        scores = hidden.float().mv(self.w3).view(count, width) + self.b3 + sums[:, :, 1]
        if len(self.codes):
            codes = self.codes.index_select(1, flat).view(len(self.codes), count, -1)
            at = torch.searchsorted(users[3], codes).clamp_(max=users[3].shape[2] - 1)
            scores = scores + (users[4].gather(2, at) * users[3].gather(2, at).eq(codes)).sum(0)
        return scores


class Walk:
    """Guided search for a batch, as the NANN paper has it: bitmap of visited ads, gather, score, top-ef, hop by hop."""

    def __init__(self, index, model, parameters, device, batch):
        self.model, self.device, self.n = model, device, index.count
        self.parameters = parameters
        s = index.sections
        self.base = torch.from_numpy(index.padded(s["base-splits"], s["base-neighbors"], index.m0, 1)).to(device)
        levels = s["levels"]
        self.top = int(levels[index.entry])
        self.upper = torch.from_numpy(index.padded(s["upper-splits"], s["upper-neighbors"], index.m, max(1, self.top))).to(device)
        upper_rows = np.where(s["upper-rows"] < 0, len(s["upper-splits"]) - 1, s["upper-rows"]).astype(np.int32)
        self.upper_rows = torch.from_numpy(np.append(upper_rows, len(s["upper-splits"]) - 1).astype(np.int32)).to(device)
        self.members = [torch.from_numpy(np.flatnonzero(levels >= layer)).to(device) for layer in range(self.top + 1)]
        self.entry = index.entry
        self.seen = torch.zeros(batch, index.count + 1, dtype=torch.bool, device=device)
        self.scored = torch.zeros_like(self.seen)
        self.place = torch.zeros(batch, index.count + 1, dtype=torch.int32, device=device)

    def budget(self, layer):
        layers = self.parameters["layers"]
        return layers[min(layer, len(layers) - 1)]

    def run(self, users, seeds, k):
        count = len(seeds)
        self.users, self.count = users, count
        self.visited, self.known = self.seen[:count], self.scored[:count]
        self.known.zero_()
        self.left = torch.full((count,), self.parameters["maxScorings"], dtype=torch.int64, device=self.device)
        self.stopped = torch.zeros(count, dtype=torch.bool, device=self.device)
        self.scorings = torch.zeros(count, dtype=torch.int64, device=self.device)
        self.ads = torch.empty(count, 0, dtype=torch.int64, device=self.device)
        self.scores = torch.empty(count, 0, device=self.device)
        self.open = torch.empty(count, 0, dtype=torch.bool, device=self.device)
        self.above = []
        self.begin()
        seeded = self.meet(seeds, True)
        layer = self.top
        entry = self.parameters.get("entryLayer")
        self.begin()
        if entry is not None and self.top > 0:
            layer = min(entry, self.top)
            self.keep(*self.meet(self.members[layer].expand(count, -1), True), self.budget(layer)["ef"])
            layer -= 1
        else:
            self.keep(*self.meet(torch.full((count, 1), self.entry, dtype=torch.int64, device=self.device), True), 1)
        while layer > 0:
            self.begin()
            for _ in range(self.budget(layer)["hops"]):
                self.hop(layer)
            layer -= 1
        self.begin()
        fresh = ~self.visited.gather(1, seeded[0])
        self.keep(seeded[0], seeded[1].masked_fill(~fresh, -torch.inf), self.budget(0)["ef"])
        self.begin()
        hops = self.budget(0)["hops"]
        while hops > 0 and bool(((self.open & (self.ads != self.n)).any(1) & ~self.stopped).any()):
            self.hop(0)
            hops -= 1
        ads, scores = [self.ads], [self.scores]
        for above, its in self.above:
            ads.append(above)
            scores.append(its.masked_fill(self.visited.gather(1, above), -torch.inf))
        best, at = torch.cat(scores, 1).topk(k, 1)
        return torch.cat(ads, 1).gather(1, at), best, self.scorings

    def begin(self):
        self.visited.zero_()
        self.visited.scatter_(1, self.ads, True)
        self.visited[:, self.n] = True
        self.open = torch.ones_like(self.ads, dtype=torch.bool)

    def hop(self, layer):
        budget = self.budget(layer)
        open_scores = self.scores.masked_fill(~self.open | (self.ads == self.n) | self.stopped[:, None], -torch.inf)
        best, at = open_scores.topk(min(budget["width"], budget["ef"], self.ads.shape[1]), 1)
        frontier = self.ads.gather(1, at).masked_fill(best == -torch.inf, self.n)
        self.open.scatter_(1, at, False)
        if layer == 0:
            found = self.base.index_select(0, frontier.reshape(-1))
        else:
            found = self.upper.index_select(0, self.upper_rows.index_select(0, frontier.reshape(-1)).long() + (layer - 1))
        self.keep(*self.meet(found.view(self.count, -1).long(), layer > 0), budget["ef"])

    def meet(self, ads, remember):
        is_new = ~self.visited.gather(1, ads) & ~self.stopped[:, None]
        target = ads.masked_fill(~is_new, self.n)
        place, number = self.place[: self.count], torch.arange(ads.shape[1], dtype=torch.int32, device=self.device).expand(ads.shape)
        place.scatter_(1, target.flip(1), number.flip(1))
        is_new &= place.gather(1, target) == number
        self.visited.scatter_(1, target, True)
        fresh = is_new & ~self.known.gather(1, ads)
        rank = fresh.cumsum(1)
        within = fresh & (rank <= self.left[:, None])
        taken = torch.minimum(rank[:, -1], self.left)
        self.stopped |= rank[:, -1] > self.left
        self.left -= taken
        self.scorings += taken
        ads = ads.masked_fill(~(within | (is_new & ~fresh)), self.n)
        self.known.scatter_(1, ads, True)
        self.known[:, self.n] = False
        step = max(1, (1 << 18) // self.count)
        scores = torch.cat([self.model.score(self.users, part) for part in ads.split(step, 1)], 1)
        scores = scores.masked_fill((ads == self.n) | scores.isnan(), -torch.inf)
        if remember:
            self.above.append((ads.masked_fill(~within, self.n), scores))
        return ads, scores

    def keep(self, ads, scores, ef):
        scores, ads = torch.cat([self.scores, scores], 1), torch.cat([self.ads, ads], 1)
        added = torch.ones(self.count, ads.shape[1] - self.open.shape[1], dtype=torch.bool, device=self.device)
        is_open = torch.cat([self.open, added], 1)
        self.scores, at = scores.topk(min(ef, self.n, scores.shape[1]), 1, sorted=False)
        self.ads = ads.gather(1, at).masked_fill(self.scores == -torch.inf, self.n)
        self.open = is_open.gather(1, at)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--requests", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--precision", choices=["fp32", "bf16", "fp16"], default="fp32")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[arguments.precision]
    report = json.loads(Path(arguments.report).read_text())
    requests = read_safetensors(arguments.requests)
    index = Index(arguments.work / "index-linear" / "shard-0.index")
    weights = read_safetensors(next((arguments.work / "models-linear" / "deep").glob("*.safetensors")))
    parameters, k = (report.get("inFlight") or report)["parameters"], requests["found"].shape[1]

    def synchronize():
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    with torch.inference_mode():
        model = Model(index, weights, device, dtype)
        walk = Walk(index, model, parameters, device, max(arguments.batches))
        states, seeds, found = requests["states"], requests["seeds"].astype(np.int64), requests["found"]
        seeds = np.where((seeds < 0) | (seeds >= index.count), index.count, seeds)

        def batch(start, size):
            rows = np.arange(start, start + size) % len(states)
            users = model.prepare(states[rows])
            ads, _, scorings = walk.run(users, torch.from_numpy(seeds[rows]).to(device), k)
            return rows, ads.to(torch.int32).cpu().numpy(), int(scorings.sum())

        overlap = []
        for start in range(0, min(48, len(states)), max(arguments.batches)):
            rows, ads, _ = batch(start, min(max(arguments.batches), min(48, len(states)) - start))
            overlap += [np.isin(found[row], ads[i]).sum() / max(1, (found[row] >= 0).sum()) for i, row in enumerate(rows)]
        result = {"scorer": "plain PyTorch", "torch": torch.__version__, "device": str(device), "precision": arguments.precision,
                  "overlapWithHost": float(np.mean(overlap)), "rows": [], "score": []}
        for size in arguments.batches:
            for warm in range(3):
                batch(warm * size, size)
            first = datetime.now(timezone.utc)
            times, scorings, start, begun = [], 0, 0, time.perf_counter()
            while time.perf_counter() - begun < arguments.seconds:
                at = time.perf_counter()
                scorings += batch(start, size)[2]
                times.append(time.perf_counter() - at)
                start += size
            took = time.perf_counter() - begun
            times.sort()
            result["rows"].append({
                "inFlight": size, "requestsPerSecond": start / took, "p50Ms": 1e3 * statistics.median(times),
                "p99Ms": 1e3 * times[min(len(times) - 1, int(0.99 * len(times)))], "scoringsPerSecond": scorings / took,
                "start": first.isoformat(), "end": datetime.now(timezone.utc).isoformat()})
        for size in arguments.batches:
            users = model.prepare(states[np.arange(size) % len(states)])
            ads = torch.randint(0, index.count, (size, max(1, (1 << 18) // size) if size > 16 else 16_384), device=device)
            for _ in range(3):
                model.score(users, ads)
            synchronize()
            rounds, begun = 0, time.perf_counter()
            while time.perf_counter() - begun < arguments.seconds / 4:
                model.score(users, ads)
                synchronize()
                rounds += 1
            result["score"].append({"requests": size, "ads": ads.shape[1],
                                    "scoringsPerSecond": rounds * ads.numel() / (time.perf_counter() - begun)})
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
