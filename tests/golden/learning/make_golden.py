#!/usr/bin/env python3
"""Makes the golden files of the learning engine with PyTorch (written with 1.13; any later version will do).

    python3 make_golden.py            # writes *.safetensors beside this script

The safetensors format is written by hand here, so that the reader under test is checked against an independent writer.
Everything is computed in double precision and stored in single.
"""
import json
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = os.path.dirname(os.path.abspath(__file__))
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def write(name, tensors, metadata=None):
    """Writes {name: (dtype, shape, bytes) or array or torch tensor} as a safetensors file."""
    header, blobs, offset = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for key, value in tensors.items():
        if not isinstance(value, tuple):
            array = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
            if array.dtype.kind == "f":
                value = ("F32", array.shape, array.astype("<f4").tobytes())
            else:
                value = ("I32", array.shape, array.astype("<i4").tobytes())
        dtype, shape, blob = value
        header[key] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for blob in blobs:
            file.write(blob)


def rand(*shape, scale=1.0):
    """Random values that single precision holds exactly, so that both sides start from the same numbers."""
    return torch.tensor((np.random.standard_normal(shape) * scale).astype("f4").astype("f8"))


def linear_parameters(name, inputs, outputs, bias=True):
    parameters = {f"{name}.weight": rand(outputs, inputs, scale=inputs ** -0.5)}
    if bias:
        parameters[f"{name}.bias"] = rand(outputs, scale=0.3)
    return parameters


def linear(p, name, x):
    return F.linear(x, p[f"{name}.weight"], p.get(f"{name}.bias"))


def prelu(x, slope):
    return torch.where(x > 0, x, slope * x)


def phi(x):
    return F.elu(x) + 1


def norm(p, name, x):
    return F.layer_norm(x, (x.shape[-1],), p[f"{name}.weight"], p[f"{name}.bias"])


def attention(p, name, x, heads, lengths):
    batch, places, width = x.shape
    q, k, v = (linear(p, f"{name}.{part}", x).view(batch, places, heads, -1).transpose(1, 2) for part in ("query", "key", "value"))
    scores = q @ k.transpose(-1, -2) / (width // heads) ** 0.5
    if lengths is not None:
        mask = torch.arange(places)[None, :] < torch.tensor(lengths)[:, None]
        scores = scores.masked_fill(~mask[:, None, None, :], -np.inf)
        scores = torch.where(mask.any(1)[:, None, None, None], scores, torch.zeros_like(scores))
        weights = torch.softmax(scores, -1) * mask.any(1)[:, None, None, None]
    else:
        weights = torch.softmax(scores, -1)
    return linear(p, f"{name}.output", (weights @ v).transpose(1, 2).reshape(batch, places, width))


def block(p, name, x, heads, pre, lengths=None):
    def forward(y):
        return linear(p, f"{name}.contract", torch.relu(linear(p, f"{name}.expand", y)))

    if pre:
        x = x + attention(p, name, norm(p, f"{name}.attention_norm", x), heads, lengths)
        return x + forward(norm(p, f"{name}.forward_norm", x))
    x = norm(p, f"{name}.attention_norm", x + attention(p, name, x, heads, lengths))
    return norm(p, f"{name}.forward_norm", x + forward(x))


def block_parameters(name, width, hidden):
    p = {}
    for part in ("query", "key", "value", "output"):
        p.update(linear_parameters(f"{name}.{part}", width, width))
    p.update(linear_parameters(f"{name}.expand", width, hidden))
    p.update(linear_parameters(f"{name}.contract", hidden, width))
    for part in ("attention_norm", "forward_norm"):
        p[f"{name}.{part}.weight"] = 1 + rand(width, scale=0.2)
        p[f"{name}.{part}.bias"] = rand(width, scale=0.2)
    return p


def layers():
    out = {}

    def case(name, parameters, inputs, function, constants=None):
        """Stores inputs, parameters, the output, and all gradients of sum(output * seed)."""
        leaves = {**parameters, **inputs}
        for value in leaves.values():
            value.requires_grad_(True)
        result = function(parameters, **inputs)
        seed = rand(*result.shape)
        (result * seed).sum().backward()
        for key, value in parameters.items():
            out[f"{name}/parameter/{key}"] = value
        for key, value in inputs.items():
            out[f"{name}/input/{key}"] = value
        for key, value in leaves.items():
            out[f"{name}/gradient/{key}"] = value.grad
        for key, value in (constants or {}).items():
            out[f"{name}/constant/{key}"] = value
        out[f"{name}/seed"] = seed
        out[f"{name}/output"] = result

    case("linear", linear_parameters("layer", 5, 3), {"x": rand(2, 4, 5)}, lambda p, x: linear(p, "layer", x))
    case("prelu", {"layer.slope": rand(19, scale=0.3)}, {"x": rand(7, 19)}, lambda p, x: prelu(x, p["layer.slope"]))
    case("layernorm", {"layer.weight": rand(20), "layer.bias": rand(20)}, {"x": rand(2, 3, 20)}, lambda p, x: norm(p, "layer", x))

    mlp = {}
    for i, (a, b) in enumerate([(6, 17), (17, 5), (5, 2)]):
        mlp.update(linear_parameters(f"mlp.{i}", a, b))
        if i < 2:
            mlp[f"mlp.{i}.slope"] = rand(b, scale=0.3)

    def run_mlp(p, x):
        for i in range(3):
            x = linear(p, f"mlp.{i}", x)
            if i < 2:
                x = prelu(x, p[f"mlp.{i}.slope"])
        return x

    case("mlp", mlp, {"x": rand(9, 6)}, run_mlp)

    rows = np.array([[3, 0, 3], [6, 6, 1]])
    case("embedding", {"table.weight": rand(7, 4)}, {}, lambda p: F.embedding(torch.tensor(rows), p["table.weight"]), {"rows": rows})
    case("post block", block_parameters("block", 8, 12), {"x": rand(3, 4, 8)}, lambda p, x: block(p, "block", x, 2, pre=False))
    lengths = np.array([4, 1, 0])
    case("pre block", block_parameters("block", 8, 12), {"x": rand(3, 4, 8)},
         lambda p, x: block(p, "block", x, 4, pre=True, lengths=lengths.tolist()), {"lengths": lengths})

    def pool(p, x):
        mask = (torch.arange(4)[None, :] < torch.tensor(lengths)[:, None])[..., None].double()
        return (x * mask).sum(1) / torch.tensor(np.maximum(lengths, 1))[:, None]

    case("mean pooling", {}, {"x": rand(3, 4, 5)}, pool, {"lengths": lengths})

    def target_attention(p, q, k, v):
        mask = torch.arange(4)[None, :] < torch.tensor(lengths)[:, None]
        scores = torch.einsum("nd,bld->bnl", q, k) * 0.5
        filled = torch.where(mask[:, None, :], scores, torch.full_like(scores, -1e30))
        weights = torch.softmax(filled, -1) * mask[:, None, :].double()
        return weights @ v

    case("softmax attention", {}, {"q": rand(5, 4), "k": rand(3, 4, 4), "v": rand(3, 4, 6)}, target_attention, {"lengths": lengths})

    def linear_attention(p, q, k, v):
        mask = (torch.arange(4)[None, :] < torch.tensor(lengths)[:, None])[..., None].double()
        keys = phi(k) * mask
        s = keys.transpose(1, 2) @ v
        z = keys.sum(1)
        numerator = torch.einsum("nd,bde->bne", phi(q), s)
        return numerator / (torch.einsum("nd,bd->bn", phi(q), z) + 1e-6)[..., None]

    case("linear attention", {}, {"q": rand(5, 4), "k": rand(3, 4, 4), "v": rand(3, 4, 6)}, linear_attention, {"lengths": lengths})
    for name, function in (("sigmoid", torch.sigmoid), ("tanh", torch.tanh), ("softplus", F.softplus), ("phi", phi), ("exp", torch.exp)):
        x = torch.cat([rand(37, scale=3), torch.tensor([-80.0, -20, -1e-3, 1e-4, 0.09, 0.11, 20, 80])])
        case(name, {}, {"x": x}, lambda p, x: function(x))
    labels = (np.random.rand(4, 5) < 0.5).astype("f8")
    case("binary cross entropy", {}, {"x": rand(4, 5, scale=4)},
         lambda p, x: F.binary_cross_entropy_with_logits(x, torch.tensor(labels)), {"labels": labels})
    targets = np.array([4, 0, 2])
    case("softmax cross entropy", {}, {"x": rand(3, 5, scale=4)}, lambda p, x: F.cross_entropy(x, torch.tensor(targets)), {"targets": targets})
    write("layers.safetensors", out)


def model():
    """A small model of the reference's shape, one training step of it: sampled softmax with log-Q correction, masking, L = 5 places."""
    users, negatives, items, categories, d, h1, h2, places, fields = 4, 6, 11, 4, 8, 12, 6, 5, 3
    p = {"item.weight": rand(items, d, scale=0.5), "category.weight": rand(categories, d, scale=0.5), "field.weight": rand(9, d, scale=0.5)}
    for i, (a, b) in enumerate([(2 * d, 10), (10, d)]):
        p.update(linear_parameters(f"target.{i}", a, b))
    p["target.0.slope"] = rand(10, scale=0.3)
    p.update(block_parameters("block", d, 2 * d))
    for name in ("query", "key", "value"):
        p.update(linear_parameters(name, d, d, bias=False))
    p.update(linear_parameters("interaction", 2 * d, d))
    p.update(linear_parameters("hidden_user", d, h1))
    p.update(linear_parameters("hidden_target", d, h1, bias=False))
    p.update(linear_parameters("hidden_attention", d, h1, bias=False))
    p["hidden.slope"] = rand(h1, scale=0.3)
    p.update(linear_parameters("second", h1, h2))
    p["second.slope"] = rand(h2, scale=0.3)
    p.update(linear_parameters("last", h2, 1))
    for value in p.values():
        value.requires_grad_(True)

    rng = np.random.default_rng(5)
    category_of = rng.integers(0, categories, items)
    profile = rng.integers(0, 9, (users, fields))
    sequence = rng.integers(0, items, (users, places))
    lengths = np.array([5, 0, 2, 3])
    sequence[np.arange(places)[None, :] >= lengths[:, None]] = -1
    positives = np.array([3, 7, 1, 3])
    negative_items = np.array([0, 3, 5, 7, 9, 5])
    log_q_positive = np.log(np.array([0.5, 0.2, 1.5, 0.5]))
    log_q_negative = np.log(rng.uniform(0.1, 2, negatives))

    def target(rows):
        safe = torch.tensor(np.maximum(rows, 0))
        present = torch.tensor((rows >= 0).astype("f8"))[..., None]
        x = torch.cat([F.embedding(safe, p["item.weight"]), F.embedding(torch.tensor(category_of)[safe], p["category.weight"])], -1) * present
        return linear(p, "target.1", prelu(linear(p, "target.0", x), p["target.0.slope"]))

    t_sequence = target(sequence)
    mask = torch.tensor((np.arange(places)[None, :] < lengths[:, None]).astype("f8"))[..., None]
    keys = phi(linear(p, "key", t_sequence)) * mask
    s = keys.transpose(1, 2) @ linear(p, "value", t_sequence)
    z = keys.sum(1)
    pooled = (t_sequence * mask).sum(1) / torch.tensor(np.maximum(lengths, 1))[:, None]
    user = block(p, "block", F.embedding(torch.tensor(profile), p["field.weight"]), 2, pre=False).mean(1)
    r = linear(p, "interaction", torch.cat([user, pooled], -1))
    base = linear(p, "hidden_user", user)

    def score(t):  # [users, n, d]
        q = phi(linear(p, "query", t))
        a = (q @ s) / ((q * z[:, None, :]).sum(-1, keepdim=True) + 1e-6)
        h = prelu(base[:, None, :] + linear(p, "hidden_target", t) + linear(p, "hidden_attention", a), p["hidden.slope"])
        h = prelu(linear(p, "second", h), p["second.slope"])
        return linear(p, "last", h)[..., 0] + (q * r[:, None, :]).sum(-1)

    t_negative = target(negative_items)
    positive_logits = score(target(positives)[:, None, :])
    negative_logits = score(t_negative[None].expand(users, -1, -1))
    corrected = torch.cat([positive_logits - torch.tensor(log_q_positive)[:, None], negative_logits - torch.tensor(log_q_negative)[None, :]], 1)
    hits = torch.tensor(np.concatenate([np.zeros((users, 1), bool), negative_items[None, :] == positives[:, None]], 1))
    loss = F.cross_entropy(corrected.masked_fill(hits, -np.inf), torch.zeros(users, dtype=torch.long))
    (t_gradient,) = torch.autograd.grad(loss, t_negative, retain_graph=True)
    loss.backward()

    out = {f"parameter/{key}": value for key, value in p.items()}
    out.update({f"gradient/{key}": value.grad for key, value in p.items()})
    out.update({
        "category_of": category_of, "profile": profile, "sequence": sequence, "lengths": lengths, "positives": positives,
        "negatives": negative_items, "log_q_positive": log_q_positive, "log_q_negative": log_q_negative,
        "positive_logits": positive_logits, "negative_logits": negative_logits, "loss": loss, "target_gradient": t_gradient,
    })
    write("model.safetensors", out)


def optimizer():
    """Ten steps of Adam, AdamW with clipping, and SparseAdam over given gradients."""
    steps = 10
    start, gradients = rand(5, 19), rand(steps, 5, 19)
    out = {"start": start, "gradients": gradients}

    def trajectory(make, clip=None):
        value = start.clone().requires_grad_(True)
        method = make([value])
        states = []
        for gradient in gradients:
            value.grad = gradient.clone()
            if clip:
                torch.nn.utils.clip_grad_norm_([value], clip)
            method.step()
            states.append(value.detach().clone())
        return torch.stack(states)

    out["adam"] = trajectory(lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-6))
    out["adamw"] = trajectory(lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1), clip=3.0)

    table = rand(6, 3).requires_grad_(True)
    rows = np.array([[0, 2, 2, 5], [1, 1, 1, 1], [5, 0, 4, 2], [2, 2, 3, 3]] + [[i % 6, (i * i) % 6, 0, 5] for i in range(6)])
    out["table"], out["rows"], out["weights"] = table.clone(), rows, rand(steps, 4, 3)
    method = torch.optim.SparseAdam([table], lr=0.05)
    states = []
    for step in range(steps):
        method.zero_grad()
        (F.embedding(torch.tensor(rows[step]), table, sparse=True) * out["weights"][step]).sum().backward()
        method.step()
        states.append(table.detach().clone())
    out["sparse adam"] = torch.stack(states)
    write("optimizer.safetensors", out)


def second_order():
    """MAML: one inner step on a support set, then the gradient of the query loss with respect to the initial weights."""
    p = {}
    for i, (a, b) in enumerate([(5, 7), (7, 1)]):
        p.update(linear_parameters(f"mlp.{i}", a, b))
    p["mlp.0.slope"] = rand(7, scale=0.3)
    for value in p.values():
        value.requires_grad_(True)

    def loss(q, x, y):
        return F.binary_cross_entropy_with_logits(linear(q, "mlp.1", prelu(linear(q, "mlp.0", x), q["mlp.0.slope"])), y)

    xs, ys = rand(8, 5), torch.tensor((np.random.rand(8, 1) < 0.5).astype("f8"))
    xq, yq = rand(6, 5), torch.tensor((np.random.rand(6, 1) < 0.5).astype("f8"))
    inner = loss(p, xs, ys)
    gradients = torch.autograd.grad(inner, list(p.values()), create_graph=True)
    adapted = {key: value - 0.5 * gradient for (key, value), gradient in zip(p.items(), gradients)}
    outer = loss(adapted, xq, yq)
    outer.backward()
    out = {f"parameter/{key}": value for key, value in p.items()}
    out.update({f"gradient/{key}": value.grad for key, value in p.items()})
    out.update({"support/x": xs, "support/y": ys, "query/x": xq, "query/y": yq, "inner": inner, "outer": outer})
    write("maml.safetensors", out)


def types():
    floats, out = [0.5, -1.25, 3.0], {}
    out["f32"] = ("F32", [3], struct.pack("<3f", *floats))
    out["u8"] = ("U8", [3], bytes([0, 128, 255]))
    out["f16"] = ("F16", [3], struct.pack("<3e", *floats))
    out["bf16"] = ("BF16", [3], b"".join(struct.pack("<f", value)[2:] for value in floats))
    out["f64"] = ("F64", [3], struct.pack("<3d", *floats))
    out["i32"] = ("I32", [3], struct.pack("<3i", -2, 0, 70000))
    out["i64"] = ("I64", [3], struct.pack("<3q", -2, 0, 1 << 40))
    out["i16"] = ("I16", [3], struct.pack("<3h", -2, 0, 300))
    out["i8"] = ("I8", [3], struct.pack("<3b", -2, 0, 127))
    out["bool"] = ("BOOL", [3], bytes([1, 0, 1]))
    out["empty"] = ("F32", [2, 0], b"")
    out["scalar"] = ("F32", [], struct.pack("<f", 7))
    write("types.safetensors", out, {"made": "by hand"})


if __name__ == "__main__":
    for seed, make in enumerate([layers, model, optimizer, second_order, types]):
        np.random.seed(seed)
        make()
