using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RecallCluster.Simulation;

/// <summary>
/// How much one interest wants an ad, and from that how much a user does. See <see cref="SyntheticWorld"/> for the formula.
/// </summary>
internal sealed class PreferenceFunction(SyntheticWorldOptions options, AdCatalogue ads)
{
    private readonly float _distanceScale = (float)(0.5 / (options.InterestWidth * options.InterestWidth));
    private readonly float _priceScale = (float)(0.5 / (options.PriceWidth * options.PriceWidth));
    private readonly float _brandBonus = (float)options.BrandBonus;

    /// <summary>Logarithm of an interest's want for the ad at <paramref name="position"/>, its quality included.</summary>
    public float LogWant(Interest interest, int position)
    {
        float price = ads.Price[position] - interest.WantedPrice;
        float want = interest.LogWeight + ads.Quality[position]
            - (_distanceScale * SquaredDistance(interest.Centre, ads.Latent(position)))
            - (_priceScale * price * price);
        return ads.Brand[position] == interest.FavouredBrand ? want + _brandBonus : want;
    }

    /// <summary>A user's preference for the ad at <paramref name="position"/>: log-sum-exp over the user's interests.</summary>
    public float Preference(SyntheticUser user, int position)
    {
        // Streaming log-sum-exp: the sum is kept relative to the largest term so far.
        float largest = float.NegativeInfinity, sum = 0;
        foreach (Interest interest in user.Interests)
        {
            float want = LogWant(interest, position);
            if (want <= largest)
            {
                sum += MathF.Exp(want - largest);
                continue;
            }
            sum = (sum * MathF.Exp(largest - want)) + 1;
            largest = want;
        }
        return largest + MathF.Log(sum);
    }

    private static float SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Vector256<float> sums = Vector256<float>.Zero;
        ref float x = ref MemoryMarshal.GetReference(a), y = ref MemoryMarshal.GetReference(b);
        int i = 0;
        for (; i <= a.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<float> difference = Vector256.LoadUnsafe(ref x, (nuint)i) - Vector256.LoadUnsafe(ref y, (nuint)i);
            sums += difference * difference;
        }
        float sum = Vector256.Sum(sums);
        for (; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}
