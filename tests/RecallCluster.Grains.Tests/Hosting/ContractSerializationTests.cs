using MessagePack;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RecallCluster.Grains.Hosting;
using RecallCluster.Grains.Machines;
using StackExchange.Redis;

namespace RecallCluster.Grains.Tests.Hosting;

public sealed class ContractSerializationTests
{
    public static TheoryData<Exception> Thrown => new()
    {
        new IOException("Redis does not answer.", new RedisConnectionException(ConnectionFailureType.UnableToConnect, "refused")),
        new IOException("Redis does not answer.", new RedisServerException("LOADING")),
        new InvalidDataException("campaign/7: record 1 cannot be read.", new MessagePackSerializationException("no map")),
        new AnswerLostException("campaign/7: the command was applied."),
    };

    [Theory]
    [MemberData(nameof(Thrown))]
    public void What_a_grain_throws_is_what_another_silo_catches(Exception thrown)
    {
        using ServiceProvider services = new ServiceCollection().AddRecallContracts().BuildServiceProvider();
        Serializer serializer = services.GetRequiredService<Serializer>();

        Exception caught = serializer.Deserialize<Exception>(serializer.SerializeToArray(thrown));

        Assert.Equal((thrown.GetType(), thrown.Message), (caught.GetType(), caught.Message));
        Assert.Equal(thrown.InnerException?.GetType(), caught.InnerException?.GetType());
    }
}
