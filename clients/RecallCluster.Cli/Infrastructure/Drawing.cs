using System.Globalization;
using Spectre.Console;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>How results are drawn as text, so that every command's tables look alike.</summary>
internal static class Drawing
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>A table; columns whose name ends in &gt; are aligned to the right.</summary>
    public static Table Table(string? title, params string[] columns)
    {
        var table = new Table
        {
            Border = TableBorder.Rounded,
            Title = title is null ? null : new TableTitle(Markup.Escape(title), new Style(decoration: Decoration.Bold)),
        };
        foreach (string column in columns)
        {
            bool right = column.EndsWith('>');
            string name = right ? column[..^1] : column;
            table.AddColumn(
                new TableColumn(Markup.Escape(name)) { Alignment = right ? Justify.Right : Justify.Left, NoWrap = columns[0].Length > 0 });
        }
        return table;
    }

    /// <summary>Adds a row of plain text.</summary>
    public static Table Row(this Table table, params string[] cells) =>
        table.AddRow(Array.ConvertAll(cells, c => new Markup(Markup.Escape(c))));

    /// <summary>A table of names and values.</summary>
    public static void Pairs(this IAnsiConsole console, string title, params (string Name, string Value)[] pairs)
    {
        // A title of the table's own would be broken at the table's width.
        console.MarkupLine($"[bold]{Markup.Escape(title)}[/]");
        Table table = Table(null, "", " ").HideHeaders();
        foreach ((string name, string value) in pairs)
            table.Row(name, value);
        console.Write(table);
    }

    public static string Count(long value) => value.ToString("N0", Invariant);

    public static string Percent(double value) => double.IsNaN(value) ? "" : (value * 100).ToString("F2", Invariant) + " %";

    public static string Fixed(double value, int digits = 2) => double.IsNaN(value) ? "" : value.ToString("F" + digits, Invariant);

    public static string Milliseconds(double value) => double.IsNaN(value) ? "" : value.ToString("F2", Invariant) + " ms";

    public static string Seconds(double value) => value.ToString("F1", Invariant) + " s";

    public static string Bytes(double value) => value switch
    {
        >= 1L << 30 => (value / (1L << 30)).ToString("F2", Invariant) + " GiB",
        >= 1L << 20 => (value / (1L << 20)).ToString("F1", Invariant) + " MiB",
        >= 1L << 10 => (value / (1L << 10)).ToString("F1", Invariant) + " KiB",
        _ => value.ToString("F0", Invariant) + " B",
    };
}
