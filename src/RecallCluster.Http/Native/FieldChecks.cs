using System.Text;
using System.Text.Json;
using RecallCluster.Bidding.Money;
using RecallCluster.Serving;

namespace RecallCluster.Http.Native;

/// <summary>Checks that several bodies share; each names the field that fails.</summary>
internal static class FieldChecks
{
    private const decimal MostUnits = 1_000_000_000;

    public static T Required<T>(string field, T? value, string what)
        where T : class => value ?? throw new InvalidRequestException(field, $"is missing: {what}");

    public static T Required<T>(string field, T? value, string what)
        where T : struct => value ?? throw new InvalidRequestException(field, $"is missing: {what}");

    public static T InRange<T>(string field, T value, T min, T max)
        where T : System.Numerics.INumber<T> => value >= min && value <= max
            ? value
            : throw new InvalidRequestException(field, $"must be {min} to {max}, not {value}.");

    public static string Id(string field, string? value, string what)
    {
        string id = Required(field, value, what);
        return RequestLimits.IsId(id)
            ? id
            : throw new InvalidRequestException(
                field, $"must have 1 to {RequestLimits.MaxIdBytes} bytes, not {Encoding.UTF8.GetByteCount(id)}.");
    }

    public static string? OptionalId(string field, string? value) => value is null ? null : Id(field, value, "");

    public static string[] Texts(string field, string?[]? values, int most = 10_000)
    {
        if (values is null)
            return [];
        if (values.Length > most)
            throw new InvalidRequestException(field, $"must have at most {most} entries, not {values.Length}.");
        for (int i = 0; i < values.Length; i++)
            if (values[i] is null)
                throw new InvalidRequestException($"{field}[{i}]", "wants a string, not null.");
        return values!;
    }

    /// <summary>An amount in units of the currency; what is finer than a millionth is rounded up.</summary>
    public static Micros Money(string field, decimal? units) => units switch
    {
        null => Micros.Zero,
        < 0 or > MostUnits => throw new InvalidRequestException(field, $"must be 0 to {MostUnits}, not {units}."),
        { } amount => new Micros(decimal.ToInt64(decimal.Ceiling(amount * Micros.PerUnit))),
    };

    public static decimal Units(Micros amount) => (decimal)amount.Value / Micros.PerUnit;

    public static decimal Units(MicrosSum sum) => (decimal)sum.Value / Micros.PerUnit;

    public static TimeSpan Milliseconds(string field, double? value, TimeSpan most) => value is { } ms
        ? TimeSpan.FromMilliseconds(InRange(field, ms, 0, most.TotalMilliseconds))
        : TimeSpan.Zero;

    /// <summary>The value of a field of a profile or of side information.</summary>
    public static ProfileValue CodeOrLabel(string field, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                try
                {
                    return ProfileValue.OfLabel(value.GetString()!);
                }
                catch (InvalidOperationException)
                {
                    throw new InvalidRequestException(field, "is no well-formed text (half of a surrogate pair).");
                }
            case JsonValueKind.Number when value.TryGetInt32(out int code):
                return ProfileValue.OfCode(code);
            default:
                throw new InvalidRequestException(field, "wants a code (whole number) or a label (string).");
        }
    }

    /// <summary>An absolute http or https URL.</summary>
    public static Uri WebUrl(string field, string? value) =>
        Uri.TryCreate(Required(field, value, "an absolute http or https URL."), UriKind.Absolute, out Uri? url)
        && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.OriginalString.Length <= 4096
            ? url
            : throw new InvalidRequestException(field, "wants an absolute http or https URL.");

    /// <summary>A user's profile: a code or a label by field name; null where there is none.</summary>
    public static Dictionary<string, ProfileValue>? Profile(Dictionary<string, JsonElement>? values) =>
        values?.ToDictionary(p => p.Key, p => CodeOrLabel($"user.profile.{p.Key}", p.Value));
}
