using System.Text.Json;
using RecallCluster.Serving;

namespace RecallCluster.Silo.Formats;

/// <summary>Enumerations by the names that they have in JSON.</summary>
internal static class EnumNames<T>
    where T : struct, Enum
{
    private static readonly Dictionary<string, T> s_values =
        Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()), StringComparer.Ordinal);

    private static readonly Dictionary<T, string> s_names = s_values.ToDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>A value's name.</summary>
    public static string Of(T value) => s_names[value];

    /// <summary>The value of a name; null for null.</summary>
    /// <exception cref="InvalidRequestException">There is no such name.</exception>
    public static T? Parse(string field, string? name) => name is null
        ? null
        : s_values.TryGetValue(name, out T value)
            ? value
            : throw new InvalidRequestException(field, $"wants one of {string.Join(", ", s_values.Keys)}, not '{name}'.");
}
