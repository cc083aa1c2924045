namespace RecallCluster.Bidding.Optimization;

/// <summary>
/// The bounded dual simplex method with long steps ("bound flipping", Maros 2003) for maximise v x, A x &lt;= b, 0 &lt;= x &lt;= 1, with
/// few rows and many columns. The basis has as many columns as there are rows, so it is inverted afresh in every iteration. Because every x
/// is boxed, all multipliers at 0 are a start that is dual feasible, and one iteration walks past thousands of breakpoints.
/// </summary>
/// <remarks>
/// Rows and values are expected to be scaled to a mean size near 1. A cycle, which ties among reduced costs allow, is broken by restarting
/// with values perturbed by at most 1e-10 of themselves.
/// </remarks>
internal sealed class DualSimplex
{
    private const byte Lower = 0, Upper = 1, Basic = 2;
    private const int IterationLimit = 400;
    private const double SmallestPivot = 1e-10;

    private readonly double[][] _a;
    private readonly double[] _value, _b;
    private readonly int _rows, _count;
    private readonly byte[] _status;
    private readonly int[] _basis;
    private readonly double[] _inverse, _matrix, _l, _x, _rhs, _ray;
    private readonly BreakpointQueue _breakpoints = new();
    private double _perturbation;

    /// <param name="value">Value of each column.</param>
    /// <param name="a">Rows of the matrix.</param>
    /// <param name="count">Columns in use; the arrays may be longer.</param>
    /// <param name="b">Right-hand side.</param>
    public DualSimplex(double[] value, double[][] a, int count, double[] b)
    {
        (_value, _a, _count, _b, _rows) = (value, a, count, b, b.Length);
        _status = new byte[count];
        _basis = new int[_rows];
        _inverse = new double[_rows * _rows];
        _matrix = new double[_rows * _rows];
        (_l, _x, _rhs, _ray) = (new double[_rows], new double[_rows], new double[_rows], new double[_rows]);
    }

    public int Iterations { get; private set; }

    /// <summary>Dual variables, one a row.</summary>
    public ReadOnlySpan<double> Multipliers => _l;

    /// <summary>After infeasibility: weights of the rows, 0 or more, whose sum no x in its box can satisfy.</summary>
    public ReadOnlySpan<double> InfeasibleCombination => _ray;

    /// <summary>Whether a column is won whole; a basic one is not (see <see cref="BasicShares"/>).</summary>
    public bool IsWon(int column) => _status[column] == Upper;

    /// <summary>The basic columns with their shares.</summary>
    public IEnumerable<(int Column, double Share)> BasicShares()
    {
        for (int r = 0; r < _rows; r++)
            if (_basis[r] >= 0)
                yield return (_basis[r], Math.Clamp(_x[r], 0, 1));
    }

    /// <summary>Solves the program.</summary>
    /// <returns>False when no x satisfies the rows.</returns>
    /// <exception cref="ArithmeticException">The numbers are too far apart in size for the method.</exception>
    public bool TrySolve()
    {
        for (int attempt = 0; attempt < 4; attempt++)
        {
            _perturbation = attempt == 0 ? 0 : 1e-12 * Math.Pow(10, attempt - 1);
            Begin();
            if (Run() is { } feasible)
                return feasible;
        }
        throw new ArithmeticException($"The linear program of {_count} auctions did not end; its numbers are too far apart in size.");
    }

    private void Begin()
    {
        for (int r = 0; r < _rows; r++)
            _basis[r] = ~r;
        for (int i = 0; i < _count; i++)
            _status[i] = Value(i) > 0 ? Upper : Lower;
        SumRightHandSide();
    }

    /// <summary>True or false as the program is feasible or not; null when the method got stuck.</summary>
    private bool? Run()
    {
        bool fresh = true;
        for (int iteration = 0; iteration < IterationLimit; iteration++)
        {
            Iterations++;
            if (!Factorise())
                return null;
            (int leaving, double infeasibility, bool below) = MostInfeasible();
            if (leaving < 0)
            {
                if (fresh)
                    return true;
                // Flips were added up one by one; the end is decided on sums taken anew.
                SumRightHandSide();
                fresh = true;
                continue;
            }
            double sign = below ? 1 : -1;
            CollectBreakpoints(leaving, sign);
            // Where all breakpoints together weigh exactly the infeasibility (a budget of 0), rounding must not call it infeasible.
            int entering = _breakpoints.Select(infeasibility);
            if (entering < 0)
                entering = _breakpoints.Select(infeasibility - (10 * Tolerance(leaving, _basis[leaving] >= 0)));
            if (entering < 0)
            {
                for (int r = 0; r < _rows; r++)
                    _ray[r] = Math.Max(0, sign * _inverse[(leaving * _rows) + r]);
                return false;
            }
            Pivot(leaving, below, entering);
            fresh = false;
        }
        return null;
    }

    private double Value(int i) =>
        _perturbation == 0 ? _value[i] : _value[i] * (1 + (_perturbation * ((uint)i * 2654435761u / 4294967296.0)));

    private void SumRightHandSide()
    {
        _b.CopyTo(_rhs, 0);
        for (int r = 0; r < _rows; r++)
        {
            double[] row = _a[r];
            double sum = 0;
            for (int i = 0; i < _count; i++)
                if (_status[i] == Upper)
                    sum += row[i];
            _rhs[r] -= sum;
        }
    }

    private bool Factorise()
    {
        int m = _rows;
        for (int k = 0; k < m; k++)
            for (int r = 0; r < m; r++)
                _matrix[(r * m) + k] = _basis[k] >= 0 ? _a[r][_basis[k]] : ~_basis[k] == r ? 1 : 0;
        if (!SmallMatrix.TryInvert(_matrix, _inverse, m))
            return false;
        for (int r = 0; r < m; r++)
        {
            double multiplier = 0, x = 0;
            for (int k = 0; k < m; k++)
            {
                if (_basis[k] >= 0)
                    multiplier += Value(_basis[k]) * _inverse[(k * m) + r];
                x += _inverse[(r * m) + k] * _rhs[k];
            }
            _l[r] = multiplier;
            _x[r] = x;
        }
        // A multiplier of a row whose slack is basic is 0 by definition, and never negative.
        for (int r = 0; r < m; r++)
            _l[r] = Array.IndexOf(_basis, ~r) >= 0 ? 0 : Math.Max(0, _l[r]);
        return true;
    }

    private (int Row, double Infeasibility, bool Below) MostInfeasible()
    {
        (int Row, double Infeasibility, bool Below) worst = (-1, 0, false);
        double best = 0;
        for (int r = 0; r < _rows; r++)
        {
            bool structural = _basis[r] >= 0;
            double below = -_x[r], above = structural ? _x[r] - 1 : double.NegativeInfinity;
            double infeasibility = Math.Max(below, above);
            if (infeasibility <= Tolerance(r, structural))
                continue;
            double norm = 1e-30;
            for (int k = 0; k < _rows; k++)
                norm += _inverse[(r * _rows) + k] * _inverse[(r * _rows) + k];
            double score = infeasibility * infeasibility / norm;
            if (score > best)
                (best, worst) = (score, (r, infeasibility, below > above));
        }
        return worst;
    }

    // Sums over n columns of size 1 carry rounding of about n 2^-53.
    private double Tolerance(int basic, bool structural)
    {
        double scale = 1;
        if (structural)
        {
            scale = 0;
            for (int k = 0; k < _rows; k++)
                scale = Math.Max(scale, Math.Abs(_inverse[(basic * _rows) + k]));
        }
        return (1e-10 + (_count * 4e-15)) * Math.Max(1, scale);
    }

    private void CollectBreakpoints(int leaving, double sign)
    {
        _breakpoints.Clear();
        for (int r = 0; r < _rows; r++)
        {
            double alpha = sign * _inverse[(leaving * _rows) + r];
            if (Array.IndexOf(_basis, ~r) < 0 && alpha < -SmallestPivot)
                _breakpoints.Add(_l[r] / -alpha, double.PositiveInfinity, ~r);
        }
        ReadOnlySpan<byte> status = _status;
        for (int i = 0; i < status.Length; i++)
        {
            byte at = status[i];
            if (at == Basic)
                continue;
            double alpha = 0, reduced = Value(i);
            for (int r = 0; r < _rows; r++)
            {
                double entry = _a[r][i];
                alpha += _inverse[(leaving * _rows) + r] * entry;
                reduced -= _l[r] * entry;
            }
            alpha *= sign;
            if (at == Lower ? alpha < -SmallestPivot : alpha > SmallestPivot)
                _breakpoints.Add(Math.Max(0, reduced / alpha), Math.Abs(alpha), i);
        }
    }

    private void Pivot(int leaving, bool below, int entering)
    {
        for (int place = 0; place < entering; place++)
        {
            int column = _breakpoints.Column(place);
            bool toUpper = _status[column] == Lower;
            _status[column] = toUpper ? Upper : Lower;
            Move(column, toUpper ? -1 : 1);
        }
        int left = _basis[leaving];
        if (left >= 0)
        {
            _status[left] = below ? Lower : Upper;
            if (!below)
                Move(left, -1);
        }
        int entered = _breakpoints.Column(entering);
        if (entered >= 0)
        {
            if (_status[entered] == Upper)
                Move(entered, 1);
            _status[entered] = Basic;
        }
        _basis[leaving] = entered;
    }

    private void Move(int column, double direction)
    {
        for (int r = 0; r < _rows; r++)
            _rhs[r] += direction * _a[r][column];
    }
}
