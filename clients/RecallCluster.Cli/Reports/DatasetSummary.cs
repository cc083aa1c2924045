using RecallCluster.Data;

namespace RecallCluster.Cli.Reports;

/// <summary>What a data set holds.</summary>
internal sealed record DatasetSummary(
    string Name, string Directory, int Items, int Users, bool Ordered, EventCounts Events, FieldSummary[] ItemFields,
    FieldSummary[] UserFields, string Split)
{
    public static DatasetSummary Of(Dataset dataset, string directory) => new(
        dataset.Name,
        directory,
        dataset.Items.Count,
        dataset.Users.Count,
        dataset.Ordered,
        new EventCounts(dataset.Train.Count, dataset.Validation.Count, dataset.Test.Count),
        FieldsOf(dataset.Items),
        FieldsOf(dataset.Users),
        dataset.Split.Rule);

    private static FieldSummary[] FieldsOf(FeatureTable table) =>
        Array.ConvertAll(table.Fields, f => new FieldSummary(f.Name, f.Cardinality));
}

/// <summary>Number of events by part.</summary>
internal sealed record EventCounts(int Train, int Validation, int Test);

/// <summary>A categorical field and its number of codes, the unknown one included.</summary>
internal sealed record FieldSummary(string Name, int Codes);
