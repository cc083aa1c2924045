using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using MessagePack;
using RecallCluster.Wire;

namespace RecallCluster.Grains.Tests.Contracts;

/// <summary>
/// A contract with something in every field. What is in a field follows from the names of the fields on the way to it: a further field
/// changes no other, and two fields that change their numbers are seen.
/// </summary>
internal static class ContractSample
{
    private const int Items = 2;

    /// <summary>All contracts, by name.</summary>
    public static IReadOnlyDictionary<string, Type> Contracts { get; } = typeof(WireFormat).Assembly.GetTypes()
        .Where(type => type.IsDefined(typeof(MessagePackObjectAttribute)))
        .OrderBy(type => type.Name, StringComparer.Ordinal).ToDictionary(type => type.Name);

    /// <summary>The sample of a contract.</summary>
    public static object Of(Type contract) => Make(contract, 1);

    /// <summary>The fields of a contract, by number.</summary>
    public static IEnumerable<(int Number, PropertyInfo Field)> FieldsOf(Type contract) =>
        from field in contract.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where field.IsDefined(typeof(KeyAttribute))
        let number = field.GetCustomAttribute<KeyAttribute>()!.IntKey ?? -1
        orderby number
        select (number, field);

    private static object Make(Type type, int n) =>
        Nullable.GetUnderlyingType(type) is { } inner ? Make(inner, n)
        : type.IsDefined(typeof(MessagePackObjectAttribute)) ? MakeContract(type, n)
        : type.IsArray && type != typeof(byte[]) ? MakeItems(type.GetElementType()!, n)
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? MakeItems(type.GetGenericArguments()[0], n)
        : type.IsGenericType && type.GetGenericArguments().Length == 2 ? MakeDictionary(type.GetGenericArguments(), n)
        : MakeValue(type, n);

    private static object MakeContract(Type type, int n)
    {
        object made = RuntimeHelpers.GetUninitializedObject(type);
        foreach ((_, PropertyInfo field) in FieldsOf(type))
            field.SetValue(made, Make(field.PropertyType, field.Name.Aggregate(n, Next)));
        return made;
    }

    private static Array MakeItems(Type type, int n)
    {
        var made = Array.CreateInstance(type, Items);
        for (int i = 0; i < Items; i++)
            made.SetValue(Make(type, Next(n, i)), i);
        return made;
    }

    private static object MakeDictionary(Type[] types, int n)
    {
        var made = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(types))!;
        for (int i = 0; i < Items; i++)
            made.Add(Make(types[0], Next(n, i)), Make(types[1], Next(n, i)));
        return made;
    }

    private static object MakeValue(Type type, int n) =>
        type == typeof(string) ? string.Create(CultureInfo.InvariantCulture, $"é{n}")
        : type == typeof(bool) ? true
        : type == typeof(byte[]) ? BitConverter.GetBytes(n)
        : type == typeof(ReadOnlyMemory<byte>) ? new ReadOnlyMemory<byte>(BitConverter.GetBytes(n))
        : type == typeof(byte) ? (byte)n
        : type == typeof(float) ? n + 0.25f
        : type == typeof(double) ? n + 0.1
        : type == typeof(decimal) ? n + 0.01m
        : type == typeof(Guid) ? new Guid(n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
        : type == typeof(DateTimeOffset) ? new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(2)).AddSeconds(n)
        : type == typeof(int) || type == typeof(long) || type == typeof(uint) || type == typeof(ulong)
            ? Convert.ChangeType(n, type, CultureInfo.InvariantCulture)
        : throw new NotSupportedException($"{type} is none of the types that fields of contracts have.");

    private static int Next(int n, char letter) => Next(n, (int)letter);

    private static int Next(int n, int step) => ((n * 31) + step + 1) % 1_000_003;
}
