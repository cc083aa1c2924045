using System.Reflection;
using MessagePack;
using Orleans.CodeGeneration;
using RecallCluster.Grains.Contracts;
using RecallCluster.Grains.Hosting;

namespace RecallCluster.Grains.Tests.Contracts;

/// <summary>What lets programs of two versions understand each other: versions, names and numbers that are said, not derived.</summary>
public sealed class ContractRulesTests
{
    private static readonly Type[] All = typeof(GrainHosting).Assembly.GetTypes();

    private static readonly Type[] Grains = [.. All.Where(type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type))];

    [Fact]
    public void Every_grain_interface_has_a_version_not_below_those_that_it_takes_its_methods_from()
    {
        Assert.Contains(typeof(ICampaignGrain), Grains);
        Assert.All(Grains, grain =>
        {
            ushort version = VersionOf(grain);
            Assert.True(version > 0, $"{grain.Name} has no version.");
            foreach (Type part in grain.GetInterfaces().Intersect(Grains))
                Assert.True(version >= VersionOf(part), $"{grain.Name} has version {version}, {part.Name} has {VersionOf(part)}.");
        });
    }

    [Fact]
    public void Every_method_of_a_grain_has_a_name_of_its_own_that_outlives_a_change_of_its_parameters()
    {
        IEnumerable<Type> called = All.Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type));

        Assert.All(called, type =>
        {
            string[] names = [.. type.GetMethods().Select(method => method.GetCustomAttribute<AliasAttribute>()?.Alias ?? "")];
            Assert.DoesNotContain("", names);
            Assert.Equal(names, names.Distinct());
        });
    }

    [Fact]
    public void Fields_of_contracts_are_numbered_from_zero_without_a_gap()
    {
        Assert.NotEmpty(ContractSample.Contracts);
        Assert.All(ContractSample.Contracts.Values, contract =>
        {
            Assert.True(contract.IsSealed, $"{contract.Name} is not sealed.");
            int[] numbers = [.. ContractSample.FieldsOf(contract).Select(field => field.Number)];
            Assert.Equal(Enumerable.Range(0, numbers.Length), numbers);
            Assert.All(
                Public(contract).Where(property => property.CanWrite),
                property => Assert.True(property.IsDefined(typeof(KeyAttribute)), $"{contract.Name}.{property.Name} has no number."));
        });
    }

    [Fact]
    public void So_are_those_of_what_grains_alone_tell_each_other_which_have_names_of_their_own()
    {
        Type[] told = [.. All.Where(type => type.IsDefined(typeof(GenerateSerializerAttribute)))];

        Assert.Contains(typeof(IndexVersion), told);
        Assert.All(told, type =>
        {
            Assert.True(type.IsDefined(typeof(AliasAttribute)), $"{type.Name} has no name of its own.");
            IdAttribute[] ids = [.. Public(type).SelectMany(property => property.GetCustomAttributes<IdAttribute>())];
            Assert.Equal(Enumerable.Range(0, ids.Length), ids.Select(id => (int)id.Id).Order());
            Assert.All(
                Public(type).Where(property => property.CanWrite && property.DeclaringType == type),
                property => Assert.True(property.IsDefined(typeof(IdAttribute)), $"{type.Name}.{property.Name} has no number."));
        });
    }

    private static ushort VersionOf(Type grain) => grain.GetCustomAttribute<VersionAttribute>()?.Version ?? 0;

    private static PropertyInfo[] Public(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
}
