using RecallCluster.Bidding.Goals;

namespace RecallCluster.Bidding.Optimization;

/// <summary>
/// A <see cref="BidProblem"/> as scaled rows of a linear program: row 0 is the budget, row j + 1 is KPI j with coefficient cost - k p or
/// q - k p, so that its right-hand side is what the KPI has in hand. Values and rows are scaled to a mean size of 1.
/// </summary>
internal sealed class BidRows
{
    private readonly BidProblem _problem;
    private readonly double[] _limits;
    private readonly double[] _scale;

    /// <param name="problem">The problem.</param>
    /// <param name="relaxation">Every KPI's limit is taken times 1 plus this.</param>
    /// <exception cref="ArithmeticException">A row's numbers are too large or too small to be scaled; the message names it.</exception>
    public BidRows(BidProblem problem, double relaxation)
    {
        _problem = problem;
        ReadOnlySpan<KpiConstraint> kpis = problem.Goal.Kpis;
        Count = 1 + kpis.Length;
        _limits = new double[kpis.Length];
        Right = new double[Count];
        _scale = new double[Count];
        Right[0] = Math.Max(0, problem.Goal.Budget - problem.Accrued.Spent);
        _scale[0] = Usable(InverseMean(problem.Log.Cost), "the cost of the auctions");
        for (int j = 0; j < kpis.Length; j++)
        {
            _limits[j] = kpis[j].Limit * (1 + relaxation);
            Right[j + 1] = (_limits[j] * problem.Accrued.Denominator(j)) - problem.Accrued.Numerator(j);
            ReadOnlySpan<double> numerators = kpis[j].Kind == KpiKind.CostRelated ? problem.Log.Cost : problem.Log.Q(j);
            double size = (1 / InverseMean(numerators)) + (_limits[j] / InverseMean(problem.Log.P(j)));
            _scale[j + 1] = Usable(1 / size, $"KPI '{kpis[j].Name}' with a limit of {_limits[j]:R}");
        }
        ValueScale = Usable(InverseMean(problem.Log.Value), "the value of the auctions");
        for (int r = 0; r < Count; r++)
            Right[r] *= _scale[r];
    }

    /// <summary>Number of rows.</summary>
    public int Count { get; }

    /// <summary>Right-hand sides, scaled.</summary>
    public double[] Right { get; }

    public double ValueScale { get; }

    public ReadOnlySpan<double> Limits => _limits;

    /// <summary>From a scaled multiplier to value per unit of the row.</summary>
    public double Multiplier(int row, double scaled) => scaled * _scale[row] / ValueScale;

    /// <summary>The scaled value and coefficients of some auctions, into <paramref name="value"/> and <paramref name="rows"/>.</summary>
    public void Gather(ReadOnlySpan<int> auctions, double[] value, double[][] rows)
    {
        ReadOnlySpan<double> values = _problem.Log.Value, costs = _problem.Log.Cost;
        for (int i = 0; i < auctions.Length; i++)
        {
            value[i] = values[auctions[i]] * ValueScale;
            rows[0][i] = costs[auctions[i]] * _scale[0];
        }
        for (int j = 0; j < _limits.Length; j++)
        {
            ReadOnlySpan<double> numerators = Numerators(j), p = _problem.Log.P(j);
            double limit = _limits[j], scale = _scale[j + 1];
            double[] row = rows[j + 1];
            for (int i = 0; i < auctions.Length; i++)
                row[i] = (numerators[auctions[i]] - (limit * p[auctions[i]])) * scale;
        }
    }

    /// <summary>
    /// For auctions [<paramref name="start"/>, start + length of the spans): reduced value v - l a, and its size v + |l| |a|.
    /// </summary>
    public void Reduce(int start, ReadOnlySpan<double> multipliers, Span<double> reduced, Span<double> size)
    {
        int length = reduced.Length;
        ReadOnlySpan<double> values = _problem.Log.Value.Slice(start, length), costs = _problem.Log.Cost.Slice(start, length);
        double price = multipliers[0] * _scale[0];
        for (int i = 0; i < length; i++)
        {
            double v = values[i] * ValueScale, c = costs[i] * price;
            reduced[i] = v - c;
            size[i] = v + c;
        }
        for (int j = 0; j < _limits.Length; j++)
        {
            double weight = multipliers[j + 1] * _scale[j + 1], limit = _limits[j];
            if (weight == 0)
                continue;
            ReadOnlySpan<double> numerators = Numerators(j).Slice(start, length), p = _problem.Log.P(j).Slice(start, length);
            for (int i = 0; i < length; i++)
            {
                double term = weight * (numerators[i] - (limit * p[i]));
                reduced[i] -= term;
                size[i] += Math.Abs(term);
            }
        }
    }

    /// <summary>Adds the scaled coefficients of auctions that <paramref name="won"/> marks with 1, in every row.</summary>
    public void AddWon(int start, ReadOnlySpan<byte> won, Span<double> sums)
    {
        ReadOnlySpan<double> costs = _problem.Log.Cost.Slice(start, won.Length);
        double cost = 0;
        for (int i = 0; i < won.Length; i++)
            cost += won[i] * costs[i];
        sums[0] += cost * _scale[0];
        for (int j = 0; j < _limits.Length; j++)
        {
            ReadOnlySpan<double> numerators = Numerators(j).Slice(start, won.Length), p = _problem.Log.P(j).Slice(start, won.Length);
            double sum = 0;
            for (int i = 0; i < won.Length; i++)
                sum += won[i] * (numerators[i] - (_limits[j] * p[i]));
            sums[j + 1] += sum * _scale[j + 1];
        }
    }

    private ReadOnlySpan<double> Numerators(int kpi) =>
        _problem.Goal.Kpis[kpi].Kind == KpiKind.CostRelated ? _problem.Log.Cost : _problem.Log.Q(kpi);

    // A scale of 0 would drop its row without a word, an infinite one makes it no numbers.
    private static double Usable(double scale, string row) => scale > 0 && double.IsFinite(scale)
        ? scale
        : throw new ArithmeticException($"The row of {row} is too large or too small to be solved in double precision.");

    private static double InverseMean(ReadOnlySpan<double> column)
    {
        double sum = 0;
        foreach (double x in column)
            sum += x;
        return sum > 0 ? column.Length / sum : 1;
    }
}
