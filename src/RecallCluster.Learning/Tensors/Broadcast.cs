namespace RecallCluster.Learning.Tensors;

/// <summary>
/// How a small tensor is repeated to fit a full one: the full one is seen as [<see cref="Outer"/>, <see cref="Repeat"/>,
/// <see cref="Inner"/>], the small one as [<see cref="Outer"/>, 1, <see cref="Inner"/>]. That covers a bias (outer 1), a value a row
/// (inner 1), a row a batch entry, and a scalar; repetition along axes that are not neighbours is left out on purpose.
/// </summary>
internal readonly record struct Broadcast(int Outer, int Repeat, int Inner)
{
    /// <summary>How <paramref name="small"/> fits <paramref name="full"/>; shapes are aligned at the last axis.</summary>
    /// <exception cref="ArgumentException">It does not fit.</exception>
    public static Broadcast Plan(Shape full, Shape small)
    {
        int outer = 1, repeat = 1, inner = 1;
        bool fits = small.Rank <= full.Rank;
        for (int axis = 0; fits && axis < full.Rank; axis++)
        {
            int own = axis - (full.Rank - small.Rank);
            int extent = own < 0 ? 1 : small[own];
            if (full[axis] == 1 && extent == 1)
                continue;
            if (extent == 1)
            {
                fits = inner == 1;
                repeat *= full[axis];
            }
            else if (extent != full[axis])
                fits = false;
            else if (repeat == 1)
                outer *= extent;
            else
                inner *= extent;
        }
        if (!fits)
            throw new ArgumentException($"A tensor of shape {small} cannot be repeated along one run of axes to fit {full}.");
        return new Broadcast(outer, repeat, inner);
    }
}
