using System.Runtime.CompilerServices;
using RecallCluster.Numerics;

namespace RecallCluster.Learning.Scoring;

/// <summary>
/// The folded score by tiles of ads. A block of ads goes through both layers while its activations are in the first-level cache; the
/// records of the next block, at random places of a table far larger than any cache, are fetched meanwhile.
/// </summary>
internal static unsafe class FoldedKernel<TVector, TLanes, TFormat>
    where TVector : struct
    where TLanes : struct, ILanes<TVector>
    where TFormat : struct, IRecordFormat
{
    /// <summary>Ads of a block at most: a panel of weights that was brought to the first-level cache serves all of them.</summary>
    private const int BlockAds = 24;

    [ThreadStatic]
    private static NativeBlock<float>? t_scratch;

    private static int PanelWidth => 2 * TLanes.Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Score(FoldedLayers layers, in FoldedBatch batch)
    {
        var scratch = new Scratch(layers);
        int start = 0, end = FirstEnd(batch.Count);
        var prefetch = new RecordPrefetch(batch, scratch.Queue, scratch.Idle);
        prefetch.FetchFirst(end, layers.Width * TFormat.Size, (layers.Width + PanelWidth) * TFormat.Size);
        while (start < batch.Count)
        {
            int next = Math.Min(batch.Count, end + BlockAds);
            Gather(layers, batch, scratch, prefetch, start, end, next);
            prefetch.Enqueue(end, next);
            RunFirstLayer(layers, batch, scratch, end - start, ref prefetch);
            RunSecondLayer(layers, scratch, end - start, ref prefetch);
            prefetch.Finish();
            for (int i = start; i < end; i++)
                batch.Scores[i] = TLanes.Sum(TLanes.Load(scratch.Sums + ((i - start) * TLanes.Count))) + layers.B3;
            start = end;
            end = next;
        }
    }

    // Nothing hides the fetching of the first block, so it takes what full blocks leave over.
    private static int FirstEnd(int count) => count - (Math.Max(0, count - 1) / BlockAds * BlockAds);

    /// <summary>
    /// Rows of the tiles of a block: even shares, rounded up. The rows behind the last ad are computed for nothing, but every height is
    /// a kernel that has to be compiled before it first runs, so there are three of them.
    /// </summary>
    private static int TileRows(int rows)
    {
        int step = TLanes.MaxRows / 3;
        int tiles = (rows + TLanes.MaxRows - 1) / TLanes.MaxRows;
        return (rows + (tiles * step) - 1) / (tiles * step) * step;
    }

    /// <summary>
    /// Brings phi(q_i) of the block together, divided by its denominator, so that its product with Mt is the attention's part of the
    /// first layer as it is. The next block's pages are looked up meanwhile: there is little else that could be done while that lasts.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(
        FoldedLayers layers, in FoldedBatch batch, in Scratch scratch, in RecordPrefetch prefetch, int start, int end, int next)
    {
        int width = layers.Width;
        float* normalizer = batch.User + layers.Hidden1;
        float* interaction = normalizer + width;
        float* features = scratch.Features;
        float* sums = scratch.Sums;
        float* tables = batch.User + layers.MatchOffset;
        int codes = layers.CodesOffset(TFormat.Size);
        byte** records = scratch.Records;
        for (int i = start, ahead = end; i < end; i++, ahead++)
        {
            if (ahead < next)
                prefetch.LookUp(ahead);
            byte* record = batch.Record(i);
            *records++ = record;
            TVector z = TLanes.Broadcast(0), r = TLanes.Broadcast(0);
            for (nint k = 0; k < width; k += TLanes.Count)
            {
                TVector phi = TFormat.Load<TVector, TLanes>(record, k);
                z = TLanes.MultiplyAdd(phi, TLanes.Load(normalizer + k), z);
                r = TLanes.MultiplyAdd(phi, TLanes.Load(interaction + k), r);
            }
            TLanes.Store(r, sums);
            *sums += layers.Match.Sum(tables, (int*)(record + codes));
            TVector scale = TLanes.Broadcast(1 / (TLanes.Sum(z) + FoldedWeights.Epsilon));
            for (nint k = 0; k < width; k += TLanes.Count)
                TLanes.Store(TLanes.Multiply(TFormat.Load<TVector, TLanes>(record, k), scale), features + k);
            features += width;
            sums += TLanes.Count;
        }
        for (int ahead = end + (end - start); ahead < next; ahead++)
            prefetch.LookUp(ahead);

        // The rows that fill the last tile read some record too.
        for (byte** unused = records; unused < scratch.Records + BlockAds; unused++)
            *unused = records[-1];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunFirstLayer(
        FoldedLayers layers, in FoldedBatch batch, in Scratch scratch, int rows, ref RecordPrefetch prefetch)
    {
        int width = layers.Width, hidden1 = layers.Hidden1, tileRows = TileRows(rows);
        float* attention = batch.User + hidden1 + (2 * width);
        for (int column = 0; column < hidden1; column += PanelWidth)
        {
            for (int row = 0; row < rows; row += tileRows)
            {
                var tile = new FirstLayer(
                    batch.User + column,
                    scratch.Records + row,
                    width + column,
                    layers.Slope1 + column,
                    scratch.Hidden + (row * hidden1) + column,
                    hidden1,
                    prefetch.Take(width));
                GemmTile.Run<TVector, TLanes, FirstLayer>(
                    tileRows, scratch.Features + (row * width), width, 1, attention + column, hidden1, width, tile);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunSecondLayer(FoldedLayers layers, in Scratch scratch, int rows, ref RecordPrefetch prefetch)
    {
        int hidden1 = layers.Hidden1, tileRows = TileRows(rows);
        for (int column = 0; column < layers.Hidden2; column += PanelWidth)
        {
            for (int row = 0; row < rows; row += tileRows)
            {
                var tile = new SecondLayer(
                    layers.B2 + column,
                    layers.Slope2 + column,
                    layers.W3 + column,
                    scratch.Sums + (row * TLanes.Count),
                    prefetch.Take(hidden1));
                GemmTile.Run<TVector, TLanes, SecondLayer>(
                    tileRows, scratch.Hidden + (row * hidden1), hidden1, 1, layers.W2Panel(column), FoldedLayers.PanelWidth, hidden1, tile);
            }
        }
    }

    /// <summary>A block on its way through the layers; one allocation per thread, kept.</summary>
    private readonly struct Scratch
    {
        public Scratch(FoldedLayers layers)
        {
            int idle = RecordPrefetch.SliceLength(Math.Max(layers.Width, layers.Hidden1));
            int queue = (2 * BlockAds * RecordPrefetch.EntriesPerRecord(layers.RecordBytes(TFormat.Size))) + idle;
            int pointers = BlockAds + queue + idle;
            int floats = BlockAds * (layers.LayerFloats + TLanes.Count);
            long wanted = floats + ((long)pointers * sizeof(byte*) / sizeof(float));
            if (t_scratch is null || t_scratch.Length < wanted)
            {
                t_scratch?.Dispose();
                t_scratch = new NativeBlock<float>(wanted);
            }
            Features = t_scratch.Pointer;
            Hidden = Features + (BlockAds * layers.Width);
            Sums = Hidden + (BlockAds * layers.Hidden1);
            Records = (byte**)(Features + floats);
            Queue = Records + BlockAds;
            Idle = Queue + queue;
            for (int i = 0; i < idle; i++)
                Idle[i] = (byte*)Features;
        }

        /// <summary>phi(q_i) over its denominator, d floats an ad.</summary>
        public float* Features { get; }

        /// <summary>The first hidden layer, h1 floats an ad.</summary>
        public float* Hidden { get; }

        /// <summary>The score so far, a vector an ad, to be summed at the end.</summary>
        public float* Sums { get; }

        /// <summary>Where the ads' records are.</summary>
        public byte** Records { get; }

        /// <summary>Room for the addresses that <see cref="RecordPrefetch"/> has to fetch.</summary>
        public byte** Queue { get; }

        /// <summary>Addresses to fetch when there is nothing to fetch: always in cache.</summary>
        public byte** Idle { get; }
    }

    /// <summary>Starts at base + W_t t_i; ends with the activation, in the hidden layer.</summary>
    private readonly struct FirstLayer(float* user, byte** records, nint offset, float* slope, float* hidden, nint stride, byte** queue)
        : ITile<TVector>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Start(int row, int column) =>
            TLanes.Add(TLanes.Load(user + column), TFormat.Load<TVector, TLanes>(records[row], offset + column));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Tick(int left) => RecordPrefetch.Tick(queue, left);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Finish(int row, TVector left, TVector right)
        {
            float* destination = hidden + (row * stride);
            TLanes.Store(TLanes.Prelu(left, TLanes.Load(slope)), destination);
            TLanes.Store(TLanes.Prelu(right, TLanes.Load(slope + TLanes.Count)), destination + TLanes.Count);
        }
    }

    /// <summary>Starts at the bias; ends with the activation times the output row, added to the score lane by lane.</summary>
    private readonly struct SecondLayer(float* bias, float* slope, float* output, float* sums, byte** queue) : ITile<TVector>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Start(int row, int column) => TLanes.Load(bias + column);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Tick(int left) => RecordPrefetch.Tick(queue, left);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Finish(int row, TVector left, TVector right)
        {
            float* sum = sums + (row * TLanes.Count);
            left = TLanes.Prelu(left, TLanes.Load(slope));
            right = TLanes.Prelu(right, TLanes.Load(slope + TLanes.Count));
            TVector score = TLanes.MultiplyAdd(left, TLanes.Load(output), TLanes.Load(sum));
            TLanes.Store(TLanes.MultiplyAdd(right, TLanes.Load(output + TLanes.Count), score), sum);
        }
    }
}
