using RecallCluster.Learning.Evaluation;
using RecallCluster.Retrieval.Guided;

namespace RecallCluster.Cli.Workflows;

/// <summary>One method of retrieval, measured on the test users.</summary>
/// <param name="Method">exhaustive, guided, two-tower or deep-without-side-information.</param>
/// <param name="K">Ads wanted.</param>
/// <param name="Users">Test users.</param>
/// <param name="Recall">Mean share of a user's held-out ads among the K.</param>
/// <param name="RecallLow">Lower end of its 95 % interval over users.</param>
/// <param name="RecallHigh">Upper end.</param>
/// <param name="RelativeRecall">Recall over that of scoring every ad with the deep model.</param>
/// <param name="TopKOverlap">Share of the deep model's K best that the method found.</param>
/// <param name="Scorings">Mean scorings a request.</param>
/// <param name="ScoredFraction">Mean scorings over the number of ads.</param>
/// <param name="MsPerRequest">Mean time of a request on one thread, with a request on every thread; the user's state not included.</param>
/// <param name="Parameters">Of a guided search; null otherwise.</param>
/// <param name="VersusTwoTower">Recall less the two-tower's, paired over users; null where there is none.</param>
/// <param name="VersusNoSideInformation">
/// Recall less that of the deep model without side information, paired; null where there is none.
/// </param>
internal sealed record RetrievalRow(
    string Method,
    int K,
    int Users,
    double Recall,
    double RecallLow,
    double RecallHigh,
    double RelativeRecall,
    double TopKOverlap,
    double Scorings,
    double ScoredFraction,
    double MsPerRequest,
    GuidedSettings? Parameters = null,
    MeanInterval? VersusTwoTower = null,
    MeanInterval? VersusNoSideInformation = null)
{
    public const string Exhaustive = "exhaustive";
    public const string Guided = "guided";
    public const string TwoTower = "two-tower";
    public const string WithoutSideInformation = "deep-without-side-information";
}

/// <summary>The knobs of a guided search as a report shows them; hops and widths that have no limit are null.</summary>
internal sealed record GuidedSettings(int MaxScorings, int? EntryLayer, LayerSettings[] Layers)
{
    public static GuidedSettings Of(GuidedSearchParameters parameters) => new(
        parameters.MaxScorings,
        parameters.EntryLayer,
        [.. parameters.Layers.Select(
            l => new LayerSettings(l.Ef, l.Hops >= 1_000_000 ? null : l.Hops, l.Width == int.MaxValue ? null : l.Width))]);
}

/// <summary>The knobs of one layer, the bottom layer first.</summary>
internal sealed record LayerSettings(int Ef, int? Hops, int? Width);
