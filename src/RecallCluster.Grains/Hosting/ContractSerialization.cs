using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RecallCluster.Wire;

namespace RecallCluster.Grains.Hosting;

/// <summary>How the contracts between silos, doors and clients are written.</summary>
public static class ContractSerialization
{
    // Others than the system's, Orleans sends only when it is told: the caller would hear that there is no codec instead of what failed.
    private static readonly string[] Exceptions = ["RecallCluster", "MessagePack", "StackExchange.Redis"];

    /// <summary>
    /// Has the contracts of <see cref="WireFormat"/>'s assembly written as MessagePack; silos and doors of ours do that already. What
    /// grains throw comes as it was thrown, with what it was thrown for.
    /// </summary>
    /// <param name="services">Services of another client of the cluster.</param>
    public static IServiceCollection AddRecallContracts(this IServiceCollection services)
    {
        services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.UnionWith(Exceptions));
        return services.AddSerializer(serializer => serializer.AddMessagePackSerializer(
            isSerializable: IsContract, isCopyable: IsContract, messagePackSerializerOptions: WireFormat.Options));
    }

    private static bool IsContract(Type type) => type.Assembly == typeof(WireFormat).Assembly;
}
