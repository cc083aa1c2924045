namespace RecallCluster.Bidding.Optimization;

/// <summary>
/// One feasible-or-not linear program, solved through a shrinking set of undecided auctions (see <see cref="BidSolver"/>).
/// </summary>
internal sealed class BandSearch(BidProblem problem, BidRows rows)
{
    private const int SmallLog = 40_000, SampleSize = 16_384, Block = 4096;
    private const double FirstBand = 0.04, Tolerance = 1e-11;

    // Block buffers of reduced values; one search is one thread.
    private readonly double[] _reduced = new double[Block], _size = new double[Block];
    private readonly int _count = problem.Log.Count;
    private double[] _multipliers = new double[rows.Count];
    private int[] _candidates = [];
    private (int Auction, double Share)[] _basics = [];

    public int Iterations { get; private set; }

    /// <summary>1 for every auction that is won whole.</summary>
    public byte[] Won { get; } = new byte[problem.Log.Count];

    /// <summary>Scaled dual variables.</summary>
    public ReadOnlySpan<double> Multipliers => _multipliers;

    /// <summary>After failure: a combination of rows, 0 or more each, that no plan satisfies.</summary>
    public double[] InfeasibleCombination { get; private set; } = [];

    /// <summary>Scaled value of the dual function at the multipliers.</summary>
    public double DualValue { get; private set; }

    public IEnumerable<FractionalAuction> Fractional() =>
        _basics.Where(basic => basic.Share is > 0 and < 1).Select(basic => new FractionalAuction(basic.Auction, basic.Share));

    public bool TrySolve()
    {
        if (_count <= SmallLog || !TrySample())
            return TrySolveAll();
        for (double band = FirstBand; band < 1; band *= 5)
        {
            Decide(band);
            if (_candidates.Length > _count / 2)
                break;
            if (!TrySolveCandidates())
                continue;
            while (Recall() > 0)
                if (!TrySolveCandidates())
                    return TrySolveAll();
            return true;
        }
        return TrySolveAll();
    }

    private bool TrySolveAll()
    {
        _candidates = [.. Enumerable.Range(0, _count)];
        Array.Clear(Won);
        if (!TrySolveCandidates())
            return false;
        Recall();
        return true;
    }

    private bool TrySample()
    {
        double stride = (double)_count / SampleSize;
        var sample = new int[SampleSize];
        for (int i = 0; i < SampleSize; i++)
            sample[i] = (int)(i * stride);
        double[] right = Array.ConvertAll(rows.Right, b => b / stride);
        DualSimplex simplex = Simplex(sample, right);
        bool feasible = simplex.TrySolve();
        Iterations += simplex.Iterations;
        if (feasible)
            _multipliers = simplex.Multipliers.ToArray();
        return feasible;
    }

    /// <summary>Decides every auction whose reduced value is further from 0 than <paramref name="band"/> times its size.</summary>
    private void Decide(double band)
    {
        var undecided = new List<int>(_count / 8);
        for (int start = 0; start < _count; start += Block)
        {
            int length = Math.Min(Block, _count - start);
            rows.Reduce(start, _multipliers, _reduced.AsSpan(0, length), _size);
            for (int i = 0; i < length; i++)
            {
                bool near = Math.Abs(_reduced[i]) <= band * _size[i];
                Won[start + i] = !near && _reduced[i] > 0 ? (byte)1 : (byte)0;
                if (near)
                    undecided.Add(start + i);
            }
        }
        _candidates = [.. undecided];
    }

    private bool TrySolveCandidates()
    {
        foreach (int auction in _candidates)
            Won[auction] = 0;
        var decided = new double[rows.Count];
        for (int start = 0; start < _count; start += Block)
            rows.AddWon(start, Won.AsSpan(start, Math.Min(Block, _count - start)), decided);
        var right = new double[rows.Count];
        for (int r = 0; r < right.Length; r++)
            right[r] = rows.Right[r] - decided[r];
        DualSimplex simplex = Simplex(_candidates, right);
        bool feasible = simplex.TrySolve();
        Iterations += simplex.Iterations;
        if (!feasible)
        {
            InfeasibleCombination = simplex.InfeasibleCombination.ToArray();
            return false;
        }
        _multipliers = simplex.Multipliers.ToArray();
        _basics = [.. simplex.BasicShares().Select(basic => (_candidates[basic.Column], basic.Share))];
        for (int i = 0; i < _candidates.Length; i++)
            Won[_candidates[i]] = simplex.IsWon(i) ? (byte)1 : (byte)0;
        foreach ((int auction, double share) in _basics)
            Won[auction] = share >= 1 ? (byte)1 : (byte)0;
        return true;
    }

    /// <summary>Evaluates the dual function, and makes candidates again of auctions that were decided wrongly.</summary>
    /// <returns>How many there were.</returns>
    private int Recall()
    {
        double value = 0;
        for (int r = 0; r < rows.Count; r++)
            value += rows.Right[r] * _multipliers[r];
        var wrong = new List<int>();
        var candidates = new HashSet<int>();
        for (int start = 0; start < _count; start += Block)
        {
            int length = Math.Min(Block, _count - start);
            rows.Reduce(start, _multipliers, _reduced.AsSpan(0, length), _size);
            for (int i = 0; i < length; i++)
            {
                double reduced = _reduced[i];
                value += Math.Max(0, reduced);
                if (Math.Abs(reduced) > Tolerance * _size[i] && reduced > 0 != (Won[start + i] != 0))
                    wrong.Add(start + i);
            }
        }
        DualValue = value;
        if (wrong.Count > 0 && _candidates.Length < _count)
        {
            candidates.UnionWith(_candidates);
            wrong.RemoveAll(candidates.Contains);
            _candidates = [.. _candidates, .. wrong];
            return wrong.Count;
        }
        return 0;
    }

    private DualSimplex Simplex(ReadOnlySpan<int> auctions, double[] right)
    {
        var value = new double[auctions.Length];
        var matrix = new double[rows.Count][];
        for (int r = 0; r < matrix.Length; r++)
            matrix[r] = new double[auctions.Length];
        rows.Gather(auctions, value, matrix);
        return new DualSimplex(value, matrix, auctions.Length, right);
    }
}
