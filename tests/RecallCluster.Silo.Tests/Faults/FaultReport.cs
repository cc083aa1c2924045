using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RecallCluster.Numerics;

namespace RecallCluster.Silo.Tests.Faults;

/// <summary>The figures of all faults so far, as JSON and beside it as a table.</summary>
internal static class FaultReport
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Writes both files.</summary>
    public static void Write(string path, FaultSettings settings, IReadOnlyList<FaultFigures> faults)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(
            new { settings.Turns, settings.Rate, FrozenSeconds = settings.Frozen.TotalSeconds, Faults = faults }, s_json));
        AtomicFile.Write(Path.ChangeExtension(path, ".txt"), Encoding.UTF8.GetBytes(Table(faults)));
    }

    /// <summary>A line for each fault.</summary>
    public static string Table(IReadOnlyList<FaultFigures> faults)
    {
        string[][] rows =
        [
            [
                "fault", "turns", "requests", "answered %", "in 100 ms %", "in 250 ms %", "partial", "p99 ms", "while down", "serving s", "steady s", "coverage s", "whole s", "events",
                "lost", "twice", "ran dry", "overspent", "",
            ],
            .. faults.Select(RowOf),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        var text = new StringBuilder();
        foreach (string[] row in rows)
        {
            for (int column = 0; column < row.Length; column++)
                text.Append(column == 0 ? row[column].PadRight(widths[column]) : row[column].PadLeft(widths[column])).Append("  ");
            text.AppendLine();
        }
        foreach (FaultFigures fault in faults)
        {
            foreach ((string what, int count) in fault.Turns.SelectMany(turn => turn.Failed).GroupBy(f => f.Key, f => f.Value)
                .Select(group => (group.Key, group.Sum())))
                text.AppendLine(CultureInfo.InvariantCulture, $"{fault.Name}: {count} requests were {what}");
            foreach ((string what, int count) in fault.RefusedBy)
                text.AppendLine(CultureInfo.InvariantCulture, $"{fault.Name}: {count} events were {what}");
            if (fault.Fell > 0)
                text.AppendLine(CultureInfo.InvariantCulture, $"{fault.Name}: {fault.Fell} silos ended though nobody ended them");
            if (fault.Unacknowledged > 0)
                text.AppendLine(CultureInfo.InvariantCulture, $"{fault.Name}: {fault.Unacknowledged} events were never acknowledged");
            if (fault.Misbooked > 0)
                text.AppendLine(CultureInfo.InvariantCulture, $"{fault.Name}: ledgers and books differ by {fault.Misbooked}");
            if (fault.Error is { } error)
                text.AppendLine(CultureInfo.InvariantCulture, $"{fault.Name}: {error}");
        }
        return text.ToString();
    }

    private static string[] RowOf(FaultFigures fault) =>
    [
        fault.Title, Text(fault.Turns.Count), Text(fault.Requests), Text(100 * fault.AnsweredShare, "0.000"),
        Text(100 * fault.Within100Ms, "0.0"), Text(100 * fault.Within250Ms, "0.0"), Text(fault.Partial),
        Text(fault.Turns.Select(turn => turn.P99Ms).DefaultIfEmpty(0).Max(), "0"), Text(fault.WhileDown), Text(fault.UntilServing, "0.0"),
        Text(fault.UntilSteady, "0.0"), Text(fault.UntilFullCoverage, "0.0"), Text(fault.UntilWhole, "0.0"), Text(fault.Events), Text(fault.Lost),
        Text(fault.AppliedTwice), Text(fault.RanDry), Text(fault.Overspent), Verdict(fault),
    ];

    private static string Verdict(FaultFigures fault) =>
        fault.IsGood ? "good" : !fault.IsCorrect ? "FAILED" : fault.RanDry == 0 ? "no budget ran out" : "too few answered";

    private static string Text(IFormattable value, string? format = null) => value.ToString(format, CultureInfo.InvariantCulture);
}
