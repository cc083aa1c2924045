namespace RecallCluster.Bidding.Optimization;

/// <summary>
/// The breakpoints of a piecewise-linear function along a ray, of which only the one where the slope changes sign is wanted: found by
/// weighted quickselect in linear time, without sorting.
/// </summary>
internal sealed class BreakpointQueue
{
    private double[] _steps = new double[1024], _weights = new double[1024];
    private int[] _columns = new int[1024];

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    public void Add(double step, double weight, int column)
    {
        if (Count == _steps.Length)
        {
            Array.Resize(ref _steps, Count * 2);
            Array.Resize(ref _weights, Count * 2);
            Array.Resize(ref _columns, Count * 2);
        }
        _steps[Count] = step;
        _weights[Count] = weight;
        _columns[Count++] = column;
    }

    public int Column(int place) => _columns[place];

    /// <summary>
    /// Reorders the breakpoints so that the first ones, in order of step, weigh less than <paramref name="slope"/> together and the one
    /// after them brings their weight to it or above.
    /// </summary>
    /// <returns>Place of that breakpoint, or -1 when all together weigh less.</returns>
    public int Select(double slope)
    {
        int low = 0, high = Count;
        double passed = 0;
        while (low < high)
        {
            double pivot = MedianOfThree(low, high);
            (int equal, int greater, double less, double same) = Partition(low, high, pivot);
            if (passed + less >= slope)
            {
                high = equal;
                continue;
            }
            passed += less;
            if (passed + same >= slope)
            {
                for (int i = equal; ; i++)
                {
                    passed += _weights[i];
                    if (passed >= slope || i == greater - 1)
                        return i;
                }
            }
            passed += same;
            low = greater;
        }
        return -1;
    }

    private double MedianOfThree(int low, int high)
    {
        double a = _steps[low], b = _steps[low + ((high - low) / 2)], c = _steps[high - 1];
        return Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
    }

    private (int Equal, int Greater, double Less, double Same) Partition(int low, int high, double pivot)
    {
        int equal = low, at = low, greater = high;
        double less = 0, same = 0;
        while (at < greater)
        {
            double step = _steps[at];
            if (step < pivot)
            {
                less += _weights[at];
                Swap(equal++, at++);
            }
            else if (step > pivot)
            {
                Swap(at, --greater);
            }
            else
            {
                same += _weights[at++];
            }
        }
        return (equal, greater, less, same);
    }

    private void Swap(int i, int j)
    {
        (_steps[i], _steps[j]) = (_steps[j], _steps[i]);
        (_weights[i], _weights[j]) = (_weights[j], _weights[i]);
        (_columns[i], _columns[j]) = (_columns[j], _columns[i]);
    }
}
