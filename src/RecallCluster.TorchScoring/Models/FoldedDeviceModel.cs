using System.Runtime.InteropServices;
using RecallCluster.Learning.Scoring;
using RecallCluster.Retrieval.Files;
using RecallCluster.TorchScoring.Devices;
using static TorchSharp.torch;

namespace RecallCluster.TorchScoring.Models;

/// <summary>
/// The reference model in the folded form of <see cref="FoldedWeights"/>, from the same files as the host's <see cref="FoldedScorer"/>:
/// <code>
/// ads ─► rows [phi(q) | W_t t] ─► phi · [Mt | z | r] ─► over its denominator, plus base and W_t t ─► act1 ─► W2, act2 ─► w3 ─► + ─► score
///    └─► codes ─► looked up among the user's sorted codes ─► weights of the matches ──────────────────────────────────────────┘
/// </code>
/// In half precision tables and products are half; denominator, bilinear row and output row, which an order hangs on, are single.
/// </summary>
internal sealed class FoldedDeviceModel : IDeviceModel
{
    // Rows of a product's right side in multiples of this keep half-precision products on the fast path.
    private const int ColumnStep = 8;

    private readonly FoldedWeights _weights;
    private readonly TorchDevice _device;
    private readonly Tensor _rows, _slope1, _w2, _b2, _slope2, _w3;
    private readonly Tensor? _codes;
    private readonly int _columns, _lookups;

    /// <summary>Puts an index's records and the upper layers on the device; both stay with the caller.</summary>
    public FoldedDeviceModel(TorchDevice device, FoldedWeights weights, AdIndex index)
    {
        (_device, _weights) = (device, weights);
        ItemCount = index.Count;
        // A user's table is at most half full.
        _lookups = weights.Match.Slots / 2;
        _columns = (weights.Hidden1 + 2 + ColumnStep - 1) / ColumnStep * ColumnStep;
        int layers = weights.Width + weights.Hidden1;
        using var parts = new Parts();
        _rows = parts.Add(AdTable.Floats(device, index.Records, index.Count, index.RecordLength, layers));
        _codes = weights.Match.Fields == 0
            ? null
            : parts.Add(AdTable.Integers(device, index.Records, index.Count, index.RecordLength, layers, weights.Match.Fields));
        _slope1 = parts.Add(Constant(weights.Slope1, device.Floats, weights.Hidden1));
        _w2 = parts.Add(Constant(weights.W2, device.Floats, weights.Hidden2, weights.Hidden1));
        _b2 = parts.Add(Constant(weights.B2, device.Floats, weights.Hidden2));
        _slope2 = parts.Add(Constant(weights.Slope2, device.Floats, weights.Hidden2));
        _w3 = parts.Add(Constant(weights.W3, ScalarType.Float32, weights.Hidden2));
        parts.Keep();
    }

    /// <summary>Bytes that the tables of an index will take.</summary>
    public static long TableBytesOf(TorchDevice device, FoldedWeights weights, int ads) =>
        (ads + 1L) * (((weights.Width + weights.Hidden1) * device.FloatBytes) + (weights.Match.Fields * sizeof(int)));

    public int ItemCount { get; }

    public int UserStateLength => _weights.UserStateLength;

    public int PackedFloats => _weights.MatchOffset + (_weights.Match.Fields * _lookups);

    public int PackedInts => _weights.Match.Fields * _lookups;

    public int WarmUpRounds => 1;

    /// <summary>[base | z | r | Mt] as they are; of the match tables the codes in order, and behind the floats what each weighs.</summary>
    public void Pack(ReadOnlySpan<float> state, Span<float> floats, Span<int> ints)
    {
        state[.._weights.MatchOffset].CopyTo(floats);
        const int BucketSlots = 4;
        Span<float> weights = floats[_weights.MatchOffset..];
        for (int field = 0; field < _weights.Match.Fields; field++)
        {
            Span<int> codes = ints.Slice(field * _lookups, _lookups);
            Span<float> weighs = weights.Slice(field * _lookups, _lookups);
            ReadOnlySpan<float> table = state.Slice(_weights.MatchOffset + (field * 2 * _weights.Match.Slots), 2 * _weights.Match.Slots);
            ReadOnlySpan<int> cells = MemoryMarshal.Cast<float, int>(table);
            int used = 0;
            for (int bucket = 0; bucket < cells.Length; bucket += 2 * BucketSlots)
            {
                for (int slot = bucket; slot < bucket + BucketSlots && used < _lookups; slot++)
                {
                    codes[used] = cells[slot];
                    weighs[used] = table[slot + BucketSlots];
                    used += cells[slot] != 0 ? 1 : 0;
                }
            }
            codes[..used].Sort(weighs[..used]);
            codes[used..].Fill(int.MaxValue);
            weighs[used..].Clear();
        }
    }

    public DeviceUsers Prepare(Tensor floats, Tensor ints)
    {
        long users = floats.shape[0];
        int d = _weights.Width, h1 = _weights.Hidden1;
        Tensor first = floats.narrow(1, 0, h1).unsqueeze(1).to(_device.Floats);
        Tensor normalizer = floats.narrow(1, _weights.NormalizerOffset, d);
        Tensor interaction = floats.narrow(1, _weights.InteractionOffset, d);
        Tensor attention = floats.narrow(1, _weights.AttentionOffset, d * h1).view(users, d, h1);
        Tensor scalars = stack([normalizer, interaction], 2);
        Tensor padding = zeros([users, d, _columns - h1 - 2], ScalarType.Float32, _device.Device);
        Tensor product = cat([attention, scalars, padding], 2).to(_device.Floats);
        // Half precision loses too much of the two sums that every ad's place depends on.
        Tensor exact = _device.IsHalf ? scalars.contiguous() : scalars;
        if (_codes is null)
            return new DeviceUsers(users, first, product, exact);
        // [fields, users, lookups], as the tables of codes have the fields first.
        Tensor codes = ints.view(users, _weights.Match.Fields, _lookups).transpose(0, 1).contiguous();
        Tensor weighs = floats.narrow(1, _weights.MatchOffset, PackedInts)
            .view(users, _weights.Match.Fields, _lookups).transpose(0, 1).contiguous();
        return new DeviceUsers(users, first, product, exact, codes, weighs);
    }

    public Tensor Score(DeviceUsers users, Tensor ads)
    {
        long count = ads.shape[0], width = ads.shape[1];
        int d = _weights.Width, h1 = _weights.Hidden1;
        Tensor flat = ads.reshape(count * width);
        Tensor rows = _rows.index_select(0, flat).view(count, width, d + h1);
        Tensor phi = rows.narrow(2, 0, d);
        Tensor products = phi.bmm(users.Parts[1]);
        Tensor sums = _device.IsHalf ? phi.to(ScalarType.Float32).bmm(users.Parts[2]) : products.narrow(2, h1, 2);
        Tensor denominator = sums.narrow(2, 0, 1) + FoldedWeights.Epsilon;
        Tensor hidden = (products.narrow(2, 0, h1) / denominator).to(_device.Floats);
        hidden.add_(users.Parts[0]).add_(rows.narrow(2, d, h1));
        hidden = nn.functional.prelu(hidden.view(count * width, h1), _slope1);
        hidden = nn.functional.linear(hidden, _w2, _b2);
        hidden = nn.functional.prelu(hidden, _slope2);
        Tensor scores = hidden.to(ScalarType.Float32).mv(_w3).view(count, width);
        scores.add_(_weights.B3).add_(sums.select(2, 1));
        return _codes is null ? scores : scores.add_(Matches(users, flat).view(count, width));
    }

    public void Dispose()
    {
        foreach (Tensor? tensor in new[] { _rows, _codes, _slope1, _w2, _b2, _slope2, _w3 })
            tensor?.Dispose();
    }

    /// <summary>What the ads' codes weigh for their users, fields added up: [users * ads].</summary>
    private Tensor Matches(DeviceUsers users, Tensor ads)
    {
        (Tensor known, Tensor weighs) = (users.Parts[3], users.Parts[4]);
        Tensor codes = _codes!.index_select(1, ads).view(_weights.Match.Fields, users.Count, -1);
        Tensor at = searchsorted(known, codes).clamp_(max: _lookups - 1);
        Tensor same = known.gather(2, at).eq(codes);
        return weighs.gather(2, at).mul_(same).sum(dim: 0L).view(-1);
    }

    private Tensor Constant(ReadOnlySpan<float> values, ScalarType type, params long[] shape)
    {
        using Tensor host = tensor(values.ToArray());
        return host.view(shape).to(type, _device.Device, copy: true);
    }
}
