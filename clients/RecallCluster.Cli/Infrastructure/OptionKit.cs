using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace RecallCluster.Cli.Infrastructure;

/// <summary>Options with their checks, so that a wrong value is a usage error that names the option.</summary>
internal static class OptionKit
{
    public static Option<string> Required(string name, string description, string valueName) =>
        new(name) { Description = description, Required = true, HelpName = valueName };

    public static Option<string?> Optional(string name, string description, string valueName) =>
        new(name) { Description = description, HelpName = valueName };

    public static Option<bool> Switch(string name, string description) => new(name) { Description = description };

    public static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => values[0] };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    /// <summary>A whole number in [<paramref name="min"/>, <paramref name="max"/>].</summary>
    public static Option<int> Number(string name, string description, int value, int min, int max = int.MaxValue)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value, HelpName = "n" };
        option.Validators.Add(result => Check(result, name, min, max));
        return option;
    }

    public static Option<int> Threads() => Number("--threads", "Threads to use.", Environment.ProcessorCount, 1, 4096);

    /// <summary>As <see cref="Number"/>, null where it is not given.</summary>
    public static Option<int?> OptionalNumber(string name, string description, int min, int max = int.MaxValue)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "n" };
        option.Validators.Add(result => Check(result, name, min, max));
        return option;
    }

    /// <summary>Whole numbers, separated by commas or given one after the other.</summary>
    public static Option<int[]> Numbers(string name, string description, int[] values, int min, int max) =>
        List(
            name,
            description,
            values,
            "n",
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
                && value >= min && value <= max ? value : null,
            $"whole numbers, each {Range(min, max)}");

    /// <summary>Real numbers, separated by commas or given one after the other.</summary>
    public static Option<double[]> Reals(string name, string description, double[] values, double min, double max) =>
        List(
            name,
            description,
            values,
            "x",
            text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                && value >= min && value <= max ? value : null,
            $"numbers, each {Range(min, max)}");

    /// <summary>A real number in [<paramref name="min"/>, <paramref name="max"/>].</summary>
    public static Option<double> Real(string name, string description, double value, double min, double max)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => value, HelpName = "x" };
        option.Validators.Add(result => Check(result, name, min, max));
        return option;
    }

    private static Option<T[]> List<T>(string name, string description, T[] values, string valueName, Func<string, T?> parse, string wanted)
        where T : struct
    {
        var option = new Option<T[]>(name)
        {
            Description = description,
            DefaultValueFactory = _ => values,
            HelpName = $"{valueName},{valueName},...",
            AllowMultipleArgumentsPerToken = true,
        };
        option.CustomParser = result =>
        {
            var parsed = new List<T>();
            const StringSplitOptions Parts = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
            foreach (string part in result.Tokens.SelectMany(t => t.Value.Split(',', Parts)))
            {
                if (parse(part) is { } value)
                {
                    parsed.Add(value);
                    continue;
                }
                result.AddError($"{name} wants {wanted}, not {part}.");
                return [];
            }
            if (parsed.Count == 0)
                result.AddError($"{name} wants {wanted}, not nothing.");
            return [.. parsed];
        };
        return option;
    }

    private static void Check(OptionResult result, string name, double min, double max)
    {
        // What is not a number at all is the parser's to report.
        if (result.Tokens.Count != 1 || !double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out double value))
            return;
        if (!(value >= min && value <= max))
            result.AddError($"{name} wants {Range(min, max)}, not {result.Tokens[0].Value}.");
    }

    private static string Range(double min, double max) =>
        max is int.MaxValue or double.PositiveInfinity ? $"at least {min}" : $"a value from {min} to {max}";
}
