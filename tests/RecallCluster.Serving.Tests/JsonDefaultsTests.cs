using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RecallCluster.Serving.Indexes;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Tests;

/// <summary>
/// The generated readers give a missing field that only an initialiser can set zero or null, not the default that stands beside it.
/// </summary>
public class JsonDefaultsTests
{
    public static TheoryData<string> Roots =>
        ["CampaignCommand", "CampaignMemory", "UserCommand", "UserPartitionState", "EngagementCommand",
        "ClickCountsState", "ExperimentCommand", "ExperimentDefinition", "ExperimentListState", "ExperimentState", "CalibratorVersion",
        "CalibratorLimits", "RolloutEnd", "IndexManifest", "TunedSearch"];

    [Theory]
    [MemberData(nameof(Roots))]
    public void A_missing_field_is_refused_or_has_its_default(string root)
    {
        JsonSerializerOptions[] contexts = [ServingJson.Default.Options, IndexJson.Default.Options];
        Type type = typeof(ServingJson).Assembly.GetTypes().Single(type => type.Name == root);
        JsonSerializerOptions options = contexts.Single(context => context.TypeInfoResolver!.GetTypeInfo(type, context) is not null);
        var lost = new List<string>();
        Walk(options.GetTypeInfo(type), [], lost);
        Assert.Empty(lost);
    }

    private static void Walk(JsonTypeInfo type, HashSet<Type> seen, List<string> lost)
    {
        if (!seen.Add(type.Type))
            return;
        foreach (JsonDerivedType derived in type.PolymorphismOptions?.DerivedTypes ?? [])
            Walk(type.Options.GetTypeInfo(derived.DerivedType), seen, lost);
        if (type.ElementType is { } element)
            Walk(type.Options.GetTypeInfo(element), seen, lost);
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.IsAbstract)
            return;
        foreach (JsonPropertyInfo property in type.Properties)
        {
            if (LosesItsDefault(type.Type, property))
                lost.Add($"{type.Type.Name}.{property.Name}");
            Walk(type.Options.GetTypeInfo(property.PropertyType), seen, lost);
        }
    }

    private static bool LosesItsDefault(Type type, JsonPropertyInfo property)
    {
        if (property.IsRequired || property.AssociatedParameter is not null
            || property.AttributeProvider is not PropertyInfo { SetMethod: { } setter } declared
            || !setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)))
            return false;
        ConstructorInfo? constructor = type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []);
        // A positional record: what it does not take by its constructor is a plain zero or null.
        if (constructor is null)
            return !property.IsSetNullable && !property.PropertyType.IsValueType;
        object made = constructor.Invoke(null);
        object? meant = declared.GetValue(made);
        setter.Invoke(made, [property.PropertyType.IsValueType ? Activator.CreateInstance(property.PropertyType) : null]);
        // A setter may put the default back itself; lists are equal when both are empty.
        object? read = declared.GetValue(made);
        return !Equals(meant, read)
            && !(meant is System.Collections.ICollection { Count: 0 } && read is System.Collections.ICollection { Count: 0 });
    }
}
