using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RecallCluster.Wire;

namespace RecallCluster.Grains.Hosting;

/// <summary>How the contracts between silos, doors and clients are written.</summary>
public static class ContractSerialization
{
    /// <summary>
    /// Has the contracts of <see cref="WireFormat"/>'s assembly written as MessagePack; silos and doors of ours do that already.
    /// </summary>
    /// <param name="services">Services of another client of the cluster.</param>
    public static IServiceCollection AddRecallContracts(this IServiceCollection services) =>
        services.AddSerializer(serializer => serializer.AddMessagePackSerializer(
            isSerializable: IsContract, isCopyable: IsContract, messagePackSerializerOptions: WireFormat.Options));

    private static bool IsContract(Type type) => type.Assembly == typeof(WireFormat).Assembly;
}
