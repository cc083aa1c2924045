using System.Runtime.CompilerServices;

namespace RecallCluster.Numerics;

/// <summary>A function of one value, written over a vector of any width.</summary>
internal interface IActivation
{
    static abstract TVector Of<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>;
}

internal readonly struct ExpOf : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, ILanes<TVector> => TLanes.Exp(x);
}

internal readonly struct EluPlusOneOf : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, ILanes<TVector> =>
        TLanes.WhereNegative(x, TLanes.Exp(x), TLanes.Add(x, TLanes.Broadcast(1)));
}

internal readonly struct ReluOf : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, ILanes<TVector> => TLanes.WhereNegative(x, TLanes.Broadcast(0), x);
}

internal readonly struct SigmoidOf : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
    {
        TVector one = TLanes.Broadcast(1);
        return TLanes.Divide(one, TLanes.Add(one, TLanes.Exp(TLanes.Subtract(TLanes.Broadcast(0), x))));
    }
}

/// <summary>max(x, 0) + log1p(e^-|x|).</summary>
internal readonly struct SoftplusOf : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
    {
        TVector zero = TLanes.Broadcast(0), one = TLanes.Broadcast(1);
        TVector e = TLanes.Exp(TLanes.WhereNegative(x, x, TLanes.Subtract(zero, x)));

        // log1p(e) = log(u) e / (u - 1) with u = 1 + e as rounded, and e itself where u is 1: the rounding of u cancels (Higham, 2002).
        TVector u = TLanes.Add(one, e), rounded = TLanes.Subtract(u, one);
        TVector quotient = TLanes.Divide(TLanes.Multiply(TLanes.Log(u), e), rounded);
        TVector log = TLanes.WhereNegative(TLanes.Subtract(zero, rounded), quotient, e);
        return TLanes.Add(TLanes.WhereNegative(x, zero, x), log);
    }
}

/// <summary>(1 - e) / (1 + e) with e = e^-2|x| and the sign of x; near 0, where that cancels, the odd Taylor polynomial.</summary>
internal readonly struct TanhOf : IActivation
{
    // Below this the first term left out, 1382/155925 x^11, is under a tenth of a unit in the last place of x.
    private const float Near = 0.28f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, ILanes<TVector>
    {
        TVector zero = TLanes.Broadcast(0), one = TLanes.Broadcast(1);
        TVector negative = TLanes.Subtract(zero, x);
        TVector magnitude = TLanes.WhereNegative(x, negative, x);
        TVector e = TLanes.Exp(TLanes.Multiply(magnitude, TLanes.Broadcast(-2)));
        TVector far = TLanes.Divide(TLanes.Subtract(one, e), TLanes.Add(one, e));
        far = TLanes.WhereNegative(x, TLanes.Subtract(zero, far), far);

        TVector square = TLanes.Multiply(x, x);
        TVector series = TLanes.MultiplyAdd(square, TLanes.Broadcast(62f / 2835), TLanes.Broadcast(-17f / 315));
        series = TLanes.MultiplyAdd(square, series, TLanes.Broadcast(2f / 15));
        series = TLanes.MultiplyAdd(square, series, TLanes.Broadcast(-1f / 3));
        TVector near = TLanes.MultiplyAdd(TLanes.Multiply(square, series), x, x);
        return TLanes.WhereNegative(TLanes.Subtract(magnitude, TLanes.Broadcast(Near)), near, far);
    }
}
