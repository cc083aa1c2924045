using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Bidding.Optimization;
using RecallCluster.Bidding.Replay;

namespace RecallCluster.Bidding.Control.Pid;

/// <summary>
/// How a campaign answers its weights, linearly around where it starts: d ln(spend, KPI_1, ...) = J d ln(w0, w_1, ...), from what
/// yesterday's auctions would have brought at weights 10 % higher and lower. The mixing of loops that follows from it is the cross term of
/// Yang et al. (KDD 2019).
/// </summary>
internal sealed class ResponseModel
{
    private const double Probe = 0.1, Ridge = 0.05;

    private readonly double[] _jacobian;
    private readonly int _size;

    private ResponseModel(double[] jacobian, int size) => (_jacobian, _size) = (jacobian, size);

    /// <summary>
    /// The model of a setting. Without a history every weight answers to its own goal alone: more of it buys more, and dearer; only the
    /// weight of a KPI that is not cost-related holds back what the KPI dislikes.
    /// </summary>
    public static ResponseModel Of(ControllerSetting setting, in BidWeights at)
    {
        int size = 1 + at.Count;
        var jacobian = new double[size * size];
        for (int i = 0; i < size; i++)
            jacobian[(i * size) + i] = i > 0 && setting.Goal.Kpis[i - 1].Kind == KpiKind.Other ? -1 : 1;
        if (setting.History is { Count: > 0 } history)
        {
            for (int weight = 0; weight < size; weight++)
            {
                double[] up = Response(history, setting.Goal, Moved(at, weight, Probe));
                double[] down = Response(history, setting.Goal, Moved(at, weight, -Probe));
                for (int row = 0; row < size; row++)
                    jacobian[(row * size) + weight] = (up[row] - down[row]) / (2 * Probe);
            }
        }
        return new ResponseModel(jacobian, size);
    }

    /// <summary>
    /// The change of weights that comes closest to the wanted change, in weighted least squares with a small ridge:
    /// (J' D J + r I) u = J' D wanted.
    /// </summary>
    /// <param name="wanted">Change of each logarithm.</param>
    /// <param name="importance">Diagonal of D.</param>
    /// <param name="change">Receives the change of each weight's logarithm.</param>
    public void Solve(ReadOnlySpan<double> wanted, ReadOnlySpan<double> importance, Span<double> change)
    {
        int n = _size;
        Span<double> normal = stackalloc double[n * n], inverse = stackalloc double[n * n], right = stackalloc double[n];
        for (int i = 0; i < n; i++)
        {
            for (int k = 0; k < n; k++)
            {
                double sum = i == k ? Ridge : 0;
                for (int row = 0; row < n; row++)
                    sum += _jacobian[(row * n) + i] * importance[row] * _jacobian[(row * n) + k];
                normal[(i * n) + k] = sum;
            }
            right[i] = 0;
            for (int row = 0; row < n; row++)
                right[i] += _jacobian[(row * n) + i] * importance[row] * wanted[row];
        }
        // With the ridge on its diagonal the matrix is positive definite.
        SmallMatrix.TryInvert(normal, inverse, n);
        for (int i = 0; i < n; i++)
        {
            change[i] = 0;
            for (int k = 0; k < n; k++)
                change[i] += inverse[(i * n) + k] * right[k];
        }
    }

    private static double[] Response(AuctionLog history, CampaignGoal goal, in BidWeights weights)
    {
        TickSums sums = default;
        TickPlayer.Play(history, goal, 0, history.Count, weights, double.MaxValue, ref sums);
        var response = new double[1 + goal.Kpis.Length];
        response[0] = Log(sums.Spent, 1);
        for (int j = 0; j < goal.Kpis.Length; j++)
            response[j + 1] = Log(sums.Numerator(j), sums.Denominator(j));
        return response;
    }

    // Nothing won at all: no response can be measured, and the ridge holds the weight still.
    private static double Log(double numerator, double denominator) =>
        numerator > 0 && denominator > 0 ? Math.Log(numerator / denominator) : 0;

    private static BidWeights Moved(in BidWeights at, int weight, double step)
    {
        Span<double> kpis = stackalloc double[at.Count];
        for (int j = 0; j < at.Count; j++)
            kpis[j] = at[j] * (weight == j + 1 ? Math.Exp(step) : 1);
        return new BidWeights(at.Value * (weight == 0 ? Math.Exp(step) : 1), kpis);
    }
}
