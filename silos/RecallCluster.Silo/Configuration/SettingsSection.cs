using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace RecallCluster.Silo.Configuration;

/// <summary>Reads values by key; each complaint names the key. Remembers what was asked for, so that the rest is found.</summary>
internal sealed class SettingsSection(IConfiguration configuration)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A value; null where it is not given.</summary>
    public string? Text(string key)
    {
        _known.Add(key);
        IConfigurationSection section = configuration.GetSection(key);
        if (section.GetChildren().Any())
            throw new SettingsException(key, "wants a value, not a list or an object.");
        return string.IsNullOrWhiteSpace(section.Value) ? null : section.Value.Trim();
    }

    /// <summary>A value of at most 128 characters of those that names are made of.</summary>
    public string Name(string key, string otherwise)
    {
        string name = Text(key) ?? otherwise;
        return name.Length <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw new SettingsException(key, $"wants letters, digits, '-', '_' and '.', at most 128 of them, not '{name}'.");
    }

    /// <summary>Values: a list, or one text with commas.</summary>
    public string[] List(string key)
    {
        _known.Add(key);
        IConfigurationSection section = configuration.GetSection(key);
        IConfigurationSection[] children = [.. section.GetChildren()];
        foreach (IConfigurationSection child in children)
            _known.Add($"{key}:{child.Key}");
        const StringSplitOptions Parts = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        // What is given as one text, on the command line, goes before a list in a file.
        return section.Value is { Length: > 0 } text
            ? text.Split(',', Parts)
            : [.. children.Select(child => child.Value ?? throw new SettingsException($"{key}:{child.Key}", "wants a text."))];
    }

    /// <summary>A whole number in a range.</summary>
    public long Whole(string key, long otherwise, long min, long max) => Text(key) is not { } text
        ? otherwise
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && value >= min && value <= max
            ? value
            : throw new SettingsException(key, $"wants a whole number, {min} to {max}, not '{text}'.");

    /// <summary>A time in seconds, in a range.</summary>
    public TimeSpan Seconds(string key, TimeSpan otherwise, double min, double max) => Text(key) is not { } text
        ? otherwise
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= min && value <= max
            ? TimeSpan.FromSeconds(value)
            : throw new SettingsException(
                key, string.Create(CultureInfo.InvariantCulture, $"wants seconds, {min} to {max}, not '{text}'."));

    /// <summary>A number in a range.</summary>
    public double Real(string key, double otherwise, double min, double max) => Text(key) is not { } text
        ? otherwise
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= min && value <= max
            ? value
            : throw new SettingsException(
                key, string.Create(CultureInfo.InvariantCulture, $"wants a number, {min} to {max}, not '{text}'."));

    /// <summary>A moment; null where none is given.</summary>
    public DateTimeOffset? Time(string key) => Text(key) is not { } text
        ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : throw new SettingsException(key, $"wants a time such as 2026-05-01T00:00:00Z, not '{text}'.");

    /// <summary>Yes or no.</summary>
    public bool Flag(string key, bool otherwise) => Text(key) is not { } text
        ? otherwise
        : bool.TryParse(text, out bool value) ? value : throw new SettingsException(key, $"wants true or false, not '{text}'.");

    /// <summary>A URL to listen at, http or https, with a port.</summary>
    public string Url(string key, string otherwise)
    {
        string text = Text(key) ?? otherwise;
        // Kestrel's wildcard is no host name.
        return Uri.TryCreate(text.Replace("//*", "//any", StringComparison.Ordinal), UriKind.Absolute, out Uri? url)
            && url.Scheme is "http" or "https" && url.PathAndQuery == "/"
            ? text
            : throw new SettingsException(key, $"wants an address such as http://127.0.0.1:8080, not '{text}'.");
    }

    /// <summary>A directory that is there; null where none is given.</summary>
    public string? Directory(string key) => Text(key) is not { } path
        ? null
        : System.IO.Directory.Exists(path) ? Path.GetFullPath(path) : throw new SettingsException(key, $"there is no directory {path}.");

    /// <summary>A file that is there; null where none is given.</summary>
    public string? File(string key) => Text(key) is not { } path
        ? null
        : System.IO.File.Exists(path) ? Path.GetFullPath(path) : throw new SettingsException(key, $"there is no file {path}.");

    /// <summary>Complains of a key that nobody asked for: it is misspelt.</summary>
    public void RefuseOthers()
    {
        foreach ((string key, string? value) in configuration.AsEnumerable())
        {
            if (value is not null && !_known.Contains(key))
            {
                string near = _known.MinBy(known => Distance(known, key))!;
                throw new SettingsException(key, $"there is no such key; '{near}' is near it.");
            }
        }
    }

    /// <summary>Levenshtein's distance, without regard to case.</summary>
    private static int Distance(string one, string other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 1; i <= one.Length; i++)
        {
            (int diagonal, row[0]) = (row[0], i);
            for (int j = 1; j <= other.Length; j++)
            {
                int change = diagonal + (char.ToUpperInvariant(one[i - 1]) == char.ToUpperInvariant(other[j - 1]) ? 0 : 1);
                (diagonal, row[j]) = (row[j], Math.Min(change, 1 + Math.Min(row[j], row[j - 1])));
            }
        }
        return row[^1];
    }
}
