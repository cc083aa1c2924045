using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace RecallCluster.Http.Json;

/// <summary>Says in the words of the request what a field wants, from the types that it is read into.</summary>
internal static class FieldWish
{
    /// <summary>What the field at a path wants; null where there is no such field.</summary>
    /// <param name="root">What the body is read into.</param>
    /// <param name="path">As <see cref="JsonException.Path"/> has it, without "$.".</param>
    public static string? Of(JsonTypeInfo root, ReadOnlySpan<char> path)
    {
        JsonTypeInfo type = root;
        while (!path.IsEmpty)
        {
            if (path[0] == '.')
            {
                path = path[1..];
                continue;
            }
            if (path[0] == '[')
            {
                int close = path.IndexOf(']');
                if (close < 0 || type.ElementType is not { } element)
                    return null;
                type = type.Options.GetTypeInfo(element);
                path = path[(close + 1)..];
                continue;
            }
            int end = path.IndexOfAny('.', '[');
            ReadOnlySpan<char> name = end < 0 ? path : path[..end];
            if (NextOf(type, name) is not { } next)
                return null;
            type = next;
            path = path[name.Length..];
        }
        return Describe(type);
    }

    private static JsonTypeInfo? NextOf(JsonTypeInfo type, ReadOnlySpan<char> name)
    {
        if (type.Kind == JsonTypeInfoKind.Dictionary)
            return type.Options.GetTypeInfo(type.ElementType!);
        foreach (JsonPropertyInfo property in type.Properties)
        {
            if (name.SequenceEqual(property.Name))
                return type.Options.GetTypeInfo(property.PropertyType);
        }
        return null;
    }

    private static string NameOf(Type type, string name) =>
        type.GetField(name)?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(name);

    private static string Describe(JsonTypeInfo type)
    {
        Type plain = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (plain.IsEnum)
            return "wants one of " + string.Join(", ", Enum.GetNames(plain).Select(name => NameOf(plain, name)));
        if (type.Kind == JsonTypeInfoKind.Enumerable)
            return "wants an array";
        if (type.Kind is JsonTypeInfoKind.Dictionary)
            return "wants an object";
        if (type.Kind == JsonTypeInfoKind.Object)
            return "wants an object with " + string.Join(", ", type.Properties.Select(p => p.Name));
        return Type.GetTypeCode(plain) switch
        {
            TypeCode.Int32 or TypeCode.Int64 or TypeCode.UInt64 => "wants a whole number",
            TypeCode.Double or TypeCode.Decimal => "wants a number",
            TypeCode.Boolean => "wants true or false",
            _ when plain == typeof(DateTimeOffset) => "wants a time such as \"2026-05-01T00:00:00Z\"",
            _ when plain == typeof(byte[]) => "wants Base64",
            _ => "wants a string",
        };
    }
}
